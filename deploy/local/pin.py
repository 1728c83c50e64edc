"""Write ``artifacts.toml`` for the versions below: ``python -m deploy.local.pin``.

Kafka is resolved by itself: resolved together with another project, that project's dependency
management would choose the versions of Kafka's own jars (log4j's turns kafka-clients into 3.9).
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from deploy.local.artifacts import PINS

KAFKA_VERSION = "4.1.1"
ELASTICSEARCH_VERSION = "9.5.0"

_HEADER = "# group:artifact:packaging:version = SHA-256. Written by `python -m deploy.local.pin`.\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder))
        sections = {
            "kafka": _kafka(context),
            "elasticsearch": [_elasticsearch(context)],
        }
        text = _HEADER + "".join(
            f"\n[{name}]\n" + "".join(_line(artifact) for artifact in artifacts)
            for name, artifacts in sections.items()
        )
    PINS.write_text(text, encoding="utf-8")


def _kafka(context: MavenContext) -> list[Artifact]:
    dependency = context.create_dependency(
        f"org.apache.kafka:kafka_2.13:jar:{KAFKA_VERSION}:compile"
    )
    inputs, transitive = context.resolver.resolve([dependency])
    jars: list[Artifact] = [
        found.artifact for found in (*inputs, *transitive) if found.scope in ("compile", "runtime")
    ]
    (log4j,) = (jar for jar in jars if jar.artifactId == "log4j-core")
    # Kafka logs to slf4j 1; it leaves the choice of the binding to its distribution.
    binding = context.project(log4j.groupId, "log4j-slf4j-impl").at_version(log4j.version)
    return [*jars[: len(inputs)], *sorted([*jars[len(inputs) :], binding.artifact()], key=str)]


def _elasticsearch(context: MavenContext) -> Artifact:
    project = context.project("org.elasticsearch.distribution.integ-test-zip", "elasticsearch")
    return project.at_version(ELASTICSEARCH_VERSION).artifact(packaging="zip")


def _line(artifact: Artifact) -> str:
    name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.packaging}:{artifact.version}"
    digest = hashlib.sha256(artifact.resolve().read_bytes()).hexdigest()
    return f'"{name}" = "{digest}"\n'


if __name__ == "__main__":
    main()
