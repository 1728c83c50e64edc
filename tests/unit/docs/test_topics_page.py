"""The page of topics says what the declarations say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from services.kernel.topics import Topic, declared_topics


class Page(Protocol):
    text: str

    def tables(self) -> Iterator[list[list[str]]]: ...


@pytest.fixture(scope="module")
def told(pages: dict[str, Page]) -> dict[str, list[str]]:
    """The rows of the page's tables, by topic."""
    rows = [row for table in pages["docs/topics.md"].tables() for row in table]
    told = {row[0].strip("`"): row[1:] for row in rows}
    assert len(told) == len(rows), "a topic stands twice"
    return told


def test_the_page_names_every_topic_and_no_other(told: dict[str, list[str]]) -> None:
    assert sorted(told) == sorted(declared_topics())


@pytest.mark.parametrize("topic", declared_topics().values(), ids=lambda topic: topic.name)
def test_the_page_says_what_the_declaration_says(topic: Topic, told: dict[str, list[str]]) -> None:
    assert told[topic.name] == _row(topic)


def test_every_topic_of_events_is_in_the_picture_of_the_whole(pages: dict[str, Page]) -> None:
    picture = pages["docs/architecture.md"].text
    events = [topic.name for topic in declared_topics().values() if topic.schema != "bytes"]
    assert [name for name in events if name not in picture] == []


def _row(topic: Topic) -> list[str]:
    if topic.name.endswith(".dlq"):
        return [topic.owner, topic.key, str(topic.partitions), topic.retention]
    ends = [", ".join(topic.producers), ", ".join(topic.consumers)]
    return [*ends, topic.key, str(topic.partitions), str(topic.generation), topic.retention]
