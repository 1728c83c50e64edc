"""A batch of events as a record of the log, and as the bytes that wait in the spool."""

from __future__ import annotations

import struct

from services.kernel.lane.records import (
    CONTENT_TYPE,
    CONTENT_TYPE_HEADER,
    SCHEMA,
    SCHEMA_HEADER,
    Output,
)

TRACE_HEADER = "traceparent"

_PREFIX = struct.Struct(">IH")


def to_record(topic: str, partition: int, value: bytes, traceparent: str, now_us: int) -> Output:
    """``traceparent`` is the first event's; each event carries its own inside."""
    headers = [(CONTENT_TYPE_HEADER, CONTENT_TYPE), (SCHEMA_HEADER, SCHEMA)]
    if traceparent:
        headers.append((TRACE_HEADER, traceparent.encode()))
    return Output(
        topic=topic,
        partition=partition,
        key=None,
        value=value,
        timestamp_ms=now_us // 1_000,
        headers=tuple(headers),
    )


def encode_spooled(record: Output) -> bytes:
    trace = dict(record.headers).get(TRACE_HEADER, b"")
    return _PREFIX.pack(record.partition, len(trace)) + trace + record.value


def decode_spooled(topic: str, data: bytes, now_us: int) -> Output:
    """Make a record again; its time is that of publishing, as for every record."""
    partition, trace_bytes = _PREFIX.unpack_from(data)
    value_at = _PREFIX.size + trace_bytes
    trace = data[_PREFIX.size : value_at].decode()
    return to_record(topic, partition, data[value_at:], trace, now_us)
