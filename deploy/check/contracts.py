"""The declarations of topics, and the baseline that breaking changes are measured against."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import Default, DescriptorPool
from google.protobuf.message import DecodeError

from deploy.check.results import REPOSITORY, Result, judged
from services.kernel.topics import Topic, TopicDeclarationError, declared_topics

STUBS = REPOSITORY / "proto" / "gen"
BASELINE = REPOSITORY / "proto" / "baseline.binpb"

# A value whose form only its owner knows: state, dead letters.
_OPAQUE = "bytes"


def check_topics() -> Result:
    try:
        topics = declared_topics()
        problems = [*topic_problems(topics, known_messages())]
    except TopicDeclarationError as error:
        topics, problems = {}, [str(error)]
    return judged("topics", problems, f"{len(topics)} declarations, every schema is in the stubs")


def known_messages() -> DescriptorPool:
    """Import every stub; return the pool that they registered their messages in."""
    for path in sorted(STUBS.rglob("*_pb2.py")):
        importlib.import_module(".".join(path.relative_to(STUBS).with_suffix("").parts))
    return Default()


def topic_problems(topics: Mapping[str, Topic], messages: DescriptorPool) -> Iterator[str]:
    for topic in topics.values():
        place = f"proto/topics/{topic.name}.yaml"
        if topic.schema != _OPAQUE:
            try:
                messages.FindMessageTypeByName(topic.schema)
            except KeyError:
                yield f"{place}: schema {topic.schema!r} is no message of proto/careline"
        if topic.dead_letter is not None and topic.dead_letter not in topics:
            yield f"{place}: dead_letter {topic.dead_letter!r} is not declared"
        try:
            topic.config()
        except TopicDeclarationError as error:
            yield f"{place}: {error}"


def check_baseline(path: Path = BASELINE) -> Result:
    name = f"proto/{path.name}"
    remedy = f"make it from what was released: cd proto && buf build -o {path.name}"
    problems = []
    files = FileDescriptorSet()
    if not path.exists():
        problems.append(f"{name} is missing; {remedy}")
    else:
        try:
            files.ParseFromString(path.read_bytes())
        except DecodeError:
            problems.append(f"{name} cannot be read; {remedy}")
        else:
            if not files.file:
                problems.append(f"{name} holds no file; {remedy}")
    return judged("baseline", problems, f"{name} holds {len(files.file)} files")
