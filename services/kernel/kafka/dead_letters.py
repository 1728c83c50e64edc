"""Looks at dead letters and puts them back into the topic they came from (kafka-python).

How far a dead-letter topic was put back is the committed position of one consumer group, so that
every letter goes back once however often the command runs. A letter put back names the lane that
wrote it, because the topic's other readers have taken the event already, and carries the position
it was made of as a source of the dead-letter topic: whether the command dies half-way or the lane
wrote the letter twice, the lane drops the repeats.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from services.kernel.lane.records import (
    LANE_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
    SOURCE_HEADER,
    Source,
)
from services.kernel.topics import declared_topics, topic

GROUP = "careline.dead-letters"
_POLL_MS = 500
_TIMEOUT_SECONDS = 30
# A letter may be as large as what its topic accepts.
_MAX_REQUEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DeadLetter:
    topic: str
    partition: int
    offset: int
    origin: str
    lane: str
    reason: str
    at_ms: int
    value: bytes
    key: bytes | None
    source: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """Dead letters of one topic that were not put back."""

    topic: str
    count: int


def dead_letter_topics() -> dict[str, str]:
    """Return each dead-letter topic with the topic that its letters came from."""
    return {t.dead_letter: t.name for t in declared_topics().values() if t.dead_letter}


def count_waiting(kafka: str) -> list[Waiting]:
    with _consumer(kafka) as consumer:
        counts = []
        for name in dead_letter_topics():
            partitions = _partitions(name)
            ends = consumer.end_offsets(partitions)
            starts = _positions(consumer, partitions)
            counts.append(Waiting(name, sum(ends[tp] - starts[tp] for tp in partitions)))
    return counts


def waiting_letters(kafka: str, name: str) -> list[DeadLetter]:
    """Return the letters of a dead-letter topic that were not put back, oldest first."""
    with _consumer(kafka) as consumer:
        return sorted(_read(consumer, name), key=lambda letter: (letter.at_ms, letter.partition))


def put_back(kafka: str, name: str) -> int:
    """Put every waiting letter back where it came from; return how many there were."""
    origin = dead_letter_topics()[name]
    with _consumer(kafka) as consumer, _producer(kafka) as producer:
        letters = list(_read(consumer, name))
        seen: set[tuple[str, bytes]] = set()
        sends = []
        for letter in letters:
            if (letter.lane, letter.source) in seen:
                continue  # the lane died between writing it and writing its state
            seen.add((letter.lane, letter.source))
            place = replace(Source.decode(letter.source), topic=name)
            sends.append(
                producer.send(
                    origin,
                    value=letter.value,
                    key=letter.key,
                    partition=letter.partition,
                    headers=[(SOURCE_HEADER, place.encode()), (LANE_HEADER, letter.lane.encode())],
                )
            )
        for send in sends:
            send.get(timeout=_TIMEOUT_SECONDS)
        consumer.commit(
            {
                TopicPartition(name, letter.partition): OffsetAndMetadata(letter.offset + 1, "", -1)
                for letter in letters
            }
        )
    return len(sends)


def _read(consumer: Any, name: str) -> Iterator[DeadLetter]:
    partitions = _partitions(name)
    ends = consumer.end_offsets(partitions)
    starts = _positions(consumer, partitions)
    unread = {tp for tp in partitions if starts[tp] < ends[tp]}
    if not unread:
        return
    consumer.assign(sorted(unread))
    for tp in unread:
        consumer.seek(tp, starts[tp])
    while unread:
        for tp, records in consumer.poll(timeout_ms=_POLL_MS).items():
            yield from (_letter(record) for record in records if record.offset < ends[tp])
        unread = {tp for tp in unread if consumer.position(tp) < ends[tp]}


def _letter(record: Any) -> DeadLetter:
    headers = dict(record.headers)
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        origin=headers[ORIGIN_HEADER].decode(),
        lane=headers[LANE_HEADER].decode(),
        reason=headers[REASON_HEADER].decode(),
        at_ms=record.timestamp,
        value=record.value,
        key=record.key,
        source=headers[SOURCE_HEADER],
    )


def _partitions(name: str) -> list[Any]:
    return [TopicPartition(name, number) for number in range(topic(name).partitions)]


def _positions(consumer: Any, partitions: list[Any]) -> dict[Any, int]:
    beginnings = consumer.beginning_offsets(partitions)
    return {tp: max(consumer.committed(tp) or 0, beginnings[tp]) for tp in partitions}


@contextmanager
def _consumer(kafka: str) -> Iterator[Any]:
    consumer = KafkaConsumer(
        bootstrap_servers=kafka,
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False)


@contextmanager
def _producer(kafka: str) -> Iterator[Any]:
    producer = KafkaProducer(
        bootstrap_servers=kafka,
        acks="all",
        enable_idempotence=True,
        max_request_size=_MAX_REQUEST_BYTES,
    )
    try:
        yield producer
    finally:
        producer.close()
