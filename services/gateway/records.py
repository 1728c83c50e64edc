"""What is published, as records of the log and as the bytes that wait in the spool."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from zlib import crc32

from careline.event.v1.event_pb2 import Event, EventBatch
from careline.gateway.v1.payload_pb2 import Payload, PayloadBatch
from services.kernel.lane.records import (
    CONTENT_TYPE,
    CONTENT_TYPE_HEADER,
    LANE_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
    SCHEMA,
    SCHEMA_HEADER,
    SOURCE_HEADER,
    Output,
    Source,
)

TRACE_HEADER = "traceparent"

# What was sent, as it came; what was sent and not understood; and what gets another chance.
PAYLOADS = "intake.payload-kept.v1"
RETURNED = "intake.payload-returned.v1"

_PAYLOAD_SCHEMA = b"careline.gateway.v1.Payload"
_LETTERS_LANE = "gateway"

_PREFIX = struct.Struct(">IHH")
_LENGTHS = struct.Struct(">HH")


def event_record(
    topic: str, partition: int, events: Sequence[Event], traceparent: str, now_us: int
) -> Output:
    """``traceparent`` is the record's own; each event carries its own inside."""
    headers = [(CONTENT_TYPE_HEADER, CONTENT_TYPE), (SCHEMA_HEADER, SCHEMA)]
    if traceparent:
        headers.append((TRACE_HEADER, traceparent.encode()))
    value = EventBatch(events=events).SerializeToString()
    return Output(topic, partition, None, value, now_us // 1_000, tuple(headers))


def payload_record(partition: int, payloads: Sequence[Payload], now_us: int) -> Output:
    value = PayloadBatch(payloads=payloads).SerializeToString()
    headers = ((CONTENT_TYPE_HEADER, CONTENT_TYPE), (SCHEMA_HEADER, _PAYLOAD_SCHEMA + b"Batch"))
    return Output(PAYLOADS, partition, None, value, now_us // 1_000, headers)


def payload_letter(topic: str, partition: int, payload: Payload, reason: str) -> Output:
    """Return the dead letter of a request that was authentic and not understood.

    Its source is the time it came and its checksum: the log has no position of what never was in
    it.
    """
    source = Source(RETURNED, 1, partition, payload.received_at_us, crc32(payload.body))
    return Output(
        topic,
        partition,
        None,
        payload.SerializeToString(),
        payload.received_at_us // 1_000,
        (
            (SCHEMA_HEADER, _PAYLOAD_SCHEMA),
            (SOURCE_HEADER, source.encode()),
            (ORIGIN_HEADER, f"{payload.channel}/{payload.account_id}".encode()),
            (LANE_HEADER, _LETTERS_LANE.encode()),
            (REASON_HEADER, reason.encode(errors="replace")),
        ),
    )


def encode_spooled(record: Output) -> bytes:
    topic = record.topic.encode()
    parts = [_PREFIX.pack(record.partition, len(topic), len(record.headers)), topic]
    for name, value in record.headers:
        parts += [_LENGTHS.pack(len(name.encode()), len(value)), name.encode(), value]
    return b"".join([*parts, record.value])


def decode_spooled(data: bytes, now_us: int) -> Output:
    """Make a record again; its time is that of publishing, as for every record."""
    partition, topic_bytes, count = _PREFIX.unpack_from(data)
    at = _PREFIX.size
    topic, at = data[at : at + topic_bytes].decode(), at + topic_bytes
    headers = []
    for _ in range(count):
        name_bytes, value_bytes = _LENGTHS.unpack_from(data, at)
        at += _LENGTHS.size
        value_at = at + name_bytes
        headers.append((data[at:value_at].decode(), data[value_at : value_at + value_bytes]))
        at = value_at + value_bytes
    return Output(topic, partition, None, data[at:], now_us // 1_000, tuple(headers))
