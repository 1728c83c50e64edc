"""What goes into a lane and what comes out."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SOURCE_HEADER = "careline-source"
REASON_HEADER = "careline-reason"
LANE_HEADER = "careline-lane"
ORIGIN_HEADER = "careline-origin"
CONTENT_TYPE_HEADER = "content-type"
SCHEMA_HEADER = "careline-schema"

CONTENT_TYPE = b"application/x-protobuf"
SCHEMA = b"careline.event.v1.EventBatch"

_POSITION = struct.Struct(">IIQI")


@dataclass(frozen=True, slots=True)
class Source:
    """Where something came from: ``part`` numbers what one input offset gave."""

    topic: str
    generation: int
    partition: int
    offset: int
    part: int = 0

    def encode(self) -> bytes:
        return (
            _POSITION.pack(self.generation, self.partition, self.offset, self.part)
            + self.topic.encode()
        )

    @classmethod
    def decode(cls, data: bytes) -> Source:
        generation, partition, offset, part = _POSITION.unpack_from(data)
        return cls(data[_POSITION.size :].decode(), generation, partition, offset, part)


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record as the engine hands it over."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    timestamp_ms: int
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """One record to write, to an explicit partition."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...]


Change = tuple[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class FlushGroup:
    """What one flush makes durable: outputs and effects first, then the changes, then the acks.

    ``openings`` go before all of these, where a partition's stored watermark would not tell that
    the running version may have sent something: after a clean stop, and before a first group.
    ``changes`` maps a partition to its state changes, the watermark record last; all of a
    partition's changes go into one transaction. ``follow_ups`` are told once these are durable.
    """

    outputs: Sequence[Output]
    effects: Sequence[object]
    changes: Mapping[int, Sequence[Change]]
    records: int
    events: int
    openings: Mapping[int, Sequence[Change]] = field(default_factory=dict)
    follow_ups: Sequence[object] = ()
