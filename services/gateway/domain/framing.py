"""How records lie on disk: a segment is a header and frames; a frame is length, checksum, bytes.

What is appended is one frame, and the next append starts only after the frame was forced to disk.
Hence only the very end of a segment can be torn, and whatever is torn was never acknowledged.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

_MAGIC = b"CLSPOOL2"
_IDENTITY = struct.Struct(">II")
_FRAME = struct.Struct(">II")
_LENGTH = struct.Struct(">I")

HEADER_BYTES = len(_MAGIC) + _IDENTITY.size
FRAME_OVERHEAD_BYTES = _FRAME.size


class CorruptSegmentError(Exception):
    """Acknowledged bytes do not read as they were written; the message says where."""


@dataclass(frozen=True, slots=True)
class SegmentIdentity:
    """What the records' partition numbers mean: a topic's generation and partition count."""

    generation: int
    partitions: int


def encode_header(identity: SegmentIdentity) -> bytes:
    return _MAGIC + _IDENTITY.pack(identity.generation, identity.partitions)


def encode_frame(payload: bytes) -> bytes:
    length = _LENGTH.pack(len(payload))
    return _FRAME.pack(len(payload), crc32(payload, crc32(length))) + payload


@dataclass(frozen=True, slots=True)
class Segment:
    """``identity`` is None when not even the header was finished."""

    identity: SegmentIdentity | None
    payloads: Sequence[bytes]
    # Bytes at the end that were being written when the process or the machine stopped.
    torn_bytes: int


def decode_segment(data: bytes) -> Segment:
    """Read a whole segment; stop at a torn end. Raise ``CorruptSegmentError`` for other damage."""
    header = data[:HEADER_BYTES]
    if len(header) < HEADER_BYTES or not any(header):
        return Segment(None, (), len(data))
    if not header.startswith(_MAGIC):
        raise CorruptSegmentError("it does not begin as a segment of this version does")
    identity = SegmentIdentity(*_IDENTITY.unpack_from(header, len(_MAGIC)))
    payloads: list[bytes] = []
    position = HEADER_BYTES
    while position < len(data):
        payload = _payload_at(data, position)
        if payload is None:
            break
        payloads.append(payload)
        position += _FRAME.size + len(payload)
    return Segment(identity, payloads, len(data) - position)


def _payload_at(data: bytes, position: int) -> bytes | None:
    """Return the frame's payload, or None where the segment's end is torn."""
    start = position + _FRAME.size
    if start > len(data):
        return None
    length, checksum = _FRAME.unpack_from(data, position)
    payload = data[start : start + length]
    if len(payload) == length and crc32(payload, crc32(_LENGTH.pack(length))) == checksum:
        return payload
    # A frame that reaches the end was the last; zeros are a block that never got its bytes.
    if start + length >= len(data) or not any(data[position:start]):
        return None
    raise CorruptSegmentError(
        f"the frame at byte {position} does not match its checksum, and more follows it"
    )
