"""How dead letters go back, on a fake client of Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition

from services.kernel.kafka import dead_letters
from services.kernel.kafka.dead_letters import put_back
from services.kernel.lane.dead_letters import dead_letter
from services.kernel.lane.records import LANE_HEADER, SOURCE_HEADER, Record, Source

ORIGIN = "sla.event-clocked.v1"
LETTERS = f"{ORIGIN}.dlq"


class Client:
    """Consumer and producer in one: holds the letters of partition 0 and what was put back."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.sent: list[dict[str, bytes]] = []
        self.committed_to = 0
        self._position = 0

    def add(self, lane: str, offset: int) -> None:
        letter = dead_letter(
            Record(ORIGIN, 0, offset, None, b"", 1),
            topic=LETTERS,
            lane=lane,
            source=Source(ORIGIN, 1, 0, offset, 2),
            value=b"bytes",
            reason="made to be bad",
        )
        self.letters.append(
            SimpleNamespace(
                topic=LETTERS,
                partition=0,
                offset=len(self.letters),
                headers=letter.headers,
                timestamp=1,
                value=letter.value,
                key=None,
            )
        )

    def end_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return {tp: len(self.letters) if tp.partition == 0 else 0 for tp in partitions}

    def beginning_offsets(self, partitions: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)

    def committed(self, tp: Any) -> int:
        return self.committed_to if tp.partition == 0 else 0

    def assign(self, _partitions: list[Any]) -> None: ...

    def seek(self, _tp: Any, offset: int) -> None:
        self._position = offset

    def position(self, _tp: Any) -> int:
        return self._position

    def poll(self, timeout_ms: int) -> dict[Any, list[Any]]:
        found, self._position = self.letters[self._position :], len(self.letters)
        return {TopicPartition(LETTERS, 0): found}

    def send(self, _topic: str, *, headers: list[tuple[str, bytes]], **_: object) -> Any:
        self.sent.append(dict(headers))
        return SimpleNamespace(get=lambda timeout: None)

    def commit(self, offsets: dict[Any, Any]) -> None:
        for entry in offsets.values():
            self.committed_to = entry.offset


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    fake = Client()

    @contextmanager
    def connect(_kafka: str) -> Iterator[Client]:
        yield fake

    monkeypatch.setattr(dead_letters, "_consumer", connect)
    monkeypatch.setattr(dead_letters, "_producer", connect)
    return fake


def test_a_letter_written_again_after_it_was_put_back_carries_the_same_source(
    client: Client,
) -> None:
    """The lane wrote it, died before its state, and wrote it again after the operator's command."""
    client.add("kpi.fold", 7)
    put_back("kafka", LETTERS)
    client.add("kpi.fold", 7)
    put_back("kafka", LETTERS)
    first, second = (Source.decode(headers[SOURCE_HEADER]) for headers in client.sent)
    assert first == second == Source(LETTERS, 1, 0, 7, 2)


def test_each_lane_that_put_an_event_aside_gets_it_back(client: Client) -> None:
    client.add("kpi.fold", 7)
    client.add("indexer.index", 7)
    client.add("kpi.fold", 7)
    assert put_back("kafka", LETTERS) == 2
    assert [headers[LANE_HEADER] for headers in client.sent] == [b"kpi.fold", b"indexer.index"]
