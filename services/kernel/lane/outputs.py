"""Turns what a stage wrote into Kafka records that carry their source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from careline.event.v1.event_pb2 import Event, EventBatch
from careline.event.v1.event_pb2 import Source as SourceMessage
from services.kernel.lane.records import (
    CONTENT_TYPE,
    CONTENT_TYPE_HEADER,
    SCHEMA,
    SCHEMA_HEADER,
    SOURCE_HEADER,
    Output,
    Record,
    Source,
)
from services.kernel.lane.stage import SideEvent

# A record is split above this, well below the topics' max.message.bytes.
MAX_RECORD_BYTES = 1024 * 1024
MAX_SIDE_EVENTS = 200

_TYPE_HEADERS = ((CONTENT_TYPE_HEADER, CONTENT_TYPE), (SCHEMA_HEADER, SCHEMA))


def main_outputs(
    topic: str, record: Record, events: Sequence[Event], source: Source
) -> Iterator[Output]:
    """Yield the record's output, in parts where one record would be too large."""
    for part, value in enumerate(_encoded(events)):
        position = Source(
            source.topic, source.generation, source.partition, source.offset, part
        ).encode()
        yield Output(
            topic=topic,
            partition=record.partition,
            key=record.key,
            value=value,
            timestamp_ms=record.timestamp_ms,
            headers=((SOURCE_HEADER, position), *_TYPE_HEADERS),
        )


def _encoded(events: Sequence[Event]) -> Iterator[bytes]:
    value = EventBatch(events=events).SerializeToString()
    if len(value) <= MAX_RECORD_BYTES or len(events) == 1:
        yield value
        return
    middle = len(events) // 2
    yield from _encoded(events[:middle])
    yield from _encoded(events[middle:])


class SideOutputs:
    """Collects a flush group's re-keyed events and packs them, per target partition.

    Every event carries its source, so it does not matter how a group is cut into records.
    """

    def __init__(self) -> None:
        self._targets: dict[tuple[str, int], list[tuple[int, list[Event]]]] = {}

    def add(self, record: Record, sent: Sequence[SideEvent], source: Source) -> None:
        by_target: dict[tuple[str, int], list[Event]] = {}
        for part, side in enumerate(sent):
            side.event.source.CopyFrom(
                SourceMessage(
                    topic=source.topic,
                    generation=source.generation,
                    partition=source.partition,
                    offset=source.offset,
                    part=part,
                )
            )
            by_target.setdefault((side.topic, side.partition), []).append(side.event)
        for target, events in by_target.items():
            self._targets.setdefault(target, []).append((record.timestamp_ms, events))

    def drain(self) -> Iterator[Output]:
        targets, self._targets = self._targets, {}
        for (topic, partition), inputs in targets.items():
            batch: list[Event] = []
            for timestamp_ms, events in inputs:
                batch.extend(events)
                if len(batch) >= MAX_SIDE_EVENTS:
                    yield from _side_outputs(topic, partition, batch, timestamp_ms)
                    batch = []
            if batch:
                yield from _side_outputs(topic, partition, batch, inputs[-1][0])


def _side_outputs(
    topic: str, partition: int, events: list[Event], timestamp_ms: int
) -> Iterator[Output]:
    for value in _encoded(events):
        yield Output(topic, partition, None, value, timestamp_ms, _TYPE_HEADERS)
