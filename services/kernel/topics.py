"""The topics as declared in ``proto/topics/*.yaml``: the single list that everyone reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

DECLARATIONS = Path(__file__).resolve().parents[2] / "proto" / "topics"

_UNITS_MS = {"h": 3_600_000, "d": 86_400_000}
_MAX_MESSAGE_BYTES = 4 * 1024 * 1024


class TopicDeclarationError(ValueError):
    """A declaration is missing or malformed; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    owner: str
    key: str
    schema: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: int
    # Counts the times the topic was re-keyed.
    generation: int
    retention: str
    cleanup: str
    dead_letter: str | None = None

    def config(self) -> dict[str, str]:
        """Return the broker's settings for the topic."""
        settings = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(_MAX_MESSAGE_BYTES),
        }
        if self.cleanup == "delete":
            settings["retention.ms"] = str(_retention_ms(self))
        return settings


def _retention_ms(topic: Topic) -> int:
    if topic.retention == "forever":
        return -1
    match = re.fullmatch(r"(\d+)([hd])", topic.retention)
    if match is None:
        raise TopicDeclarationError(
            f"{topic.name}.yaml: retention {topic.retention!r} is neither 'forever' nor like '7d'"
        )
    return int(match[1]) * _UNITS_MS[match[2]]


@cache
def declared_topics(folder: Path = DECLARATIONS) -> dict[str, Topic]:
    """Read every declaration, by topic name, in the order of names."""
    topics: dict[str, Topic] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key in ("producers", "consumers"):
            document[key] = tuple(document.get(key, ()))
        try:
            topic = Topic(**document)
        except TypeError as error:
            raise TopicDeclarationError(f"{path.name}: {error}") from error
        if topic.name != path.stem:
            raise TopicDeclarationError(f"{path.name}: declares {topic.name!r}; the names differ")
        topics[topic.name] = topic
    return topics


def topic(name: str) -> Topic:
    """Return the declaration of ``name``; a topic is declared before it is used."""
    try:
        return declared_topics()[name]
    except KeyError:
        raise TopicDeclarationError(
            f"topic {name!r} is not declared; add proto/topics/{name}.yaml"
        ) from None
