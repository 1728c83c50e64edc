"""Creates and checks the declared topics (kafka-python's admin client)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import KafkaAdminClient, NewTopic

from services.kernel.topics import Topic, declared_topics


@dataclass(frozen=True, slots=True)
class TopicDifference:
    topic: str
    problem: str


@contextmanager
def _admin(kafka: str) -> Iterator[Any]:
    client = KafkaAdminClient(bootstrap_servers=kafka, client_id="careline-topics")
    try:
        yield client
    finally:
        client.close()


def apply_topics(
    kafka: str, replication_factor: int = 1, extra_config: dict[str, str] | None = None
) -> list[str]:
    """Create every declared topic that is missing; return the names of those created.

    An existing topic is left as it is: ``check_topics`` tells where it differs.
    """
    with _admin(kafka) as admin:
        existing = set(admin.list_topics())
        missing = [topic for topic in declared_topics().values() if topic.name not in existing]
        if missing:
            admin.create_topics(
                [
                    NewTopic(
                        name=topic.name,
                        num_partitions=topic.partitions,
                        replication_factor=replication_factor,
                        topic_configs={**topic.config(), **(extra_config or {})},
                    )
                    for topic in missing
                ]
            )
        return [topic.name for topic in missing]


def check_topics(kafka: str) -> list[TopicDifference]:
    """Compare the broker's topics with the declarations."""
    with _admin(kafka) as admin:
        existing = set(admin.list_topics())
        known = [topic for topic in declared_topics().values() if topic.name in existing]
        described = admin.describe_topics([topic.name for topic in known]) if known else []
    partitions = {entry["name"]: len(entry["partitions"]) for entry in described}
    return [
        *(
            TopicDifference(topic.name, "is missing; run: careline topics apply")
            for topic in declared_topics().values()
            if topic.name not in existing
        ),
        *_partition_differences(known, partitions),
    ]


def _partition_differences(
    topics: list[Topic], partitions: dict[str, int]
) -> Iterator[TopicDifference]:
    for topic in topics:
        actual = partitions[topic.name]
        if actual != topic.partitions:
            yield TopicDifference(
                topic.name,
                f"has {actual} partitions, declared are {topic.partitions}; a count is fixed per "
                "generation: re-key into a new one",
            )
