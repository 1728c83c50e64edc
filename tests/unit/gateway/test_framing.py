from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.framing import (
    HEADER_BYTES,
    CorruptSegmentError,
    SegmentIdentity,
    decode_segment,
    encode_frame,
    encode_header,
)

IDENTITY = SegmentIdentity(generation=1, partitions=4)
PAYLOADS = st.lists(st.binary(max_size=60), max_size=8)


def segment(payloads: list[bytes]) -> bytes:
    return encode_header(IDENTITY) + b"".join(map(encode_frame, payloads))


@given(PAYLOADS)
def test_what_was_written_is_read(payloads: list[bytes]) -> None:
    read = decode_segment(segment(payloads))
    assert (read.identity, list(read.payloads), read.torn_bytes) == (IDENTITY, payloads, 0)


@given(PAYLOADS, st.binary(max_size=60), st.data())
def test_a_torn_last_frame_is_ignored_and_all_before_it_kept(
    payloads: list[bytes], last: bytes, data: st.DataObject
) -> None:
    whole = segment(payloads)
    frame = encode_frame(last)
    torn = frame[: data.draw(st.integers(0, len(frame) - 1))]
    read = decode_segment(whole + torn)
    assert (list(read.payloads), read.torn_bytes) == (payloads, len(torn))


@given(PAYLOADS, st.binary(min_size=1, max_size=60), st.integers(1, 255), st.data())
def test_damage_within_the_last_frames_payload_ends_the_segment_there(
    payloads: list[bytes], last: bytes, flip: int, data: st.DataObject
) -> None:
    frame = bytearray(encode_frame(last))
    frame[data.draw(st.integers(8, len(frame) - 1))] ^= flip
    read = decode_segment(segment(payloads) + bytes(frame))
    assert list(read.payloads) == payloads


@given(PAYLOADS, st.integers(1, 400))
def test_a_block_that_never_got_its_bytes_is_a_torn_end(payloads: list[bytes], zeros: int) -> None:
    assert list(decode_segment(segment(payloads) + bytes(zeros)).payloads) == payloads


@given(st.integers(0, HEADER_BYTES - 1))
def test_an_unfinished_header_is_an_empty_segment(length: int) -> None:
    read = decode_segment(encode_header(IDENTITY)[:length])
    assert (read.identity, list(read.payloads)) == (None, [])


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=60), st.integers(1, 255), st.data())
def test_damage_before_acknowledged_frames_is_never_passed_over(
    damaged: bytes, following: bytes, flip: int, data: st.DataObject
) -> None:
    frame = bytearray(encode_frame(damaged))
    frame[data.draw(st.integers(8, len(frame) - 1))] ^= flip
    with pytest.raises(CorruptSegmentError, match=f"byte {HEADER_BYTES}"):
        decode_segment(encode_header(IDENTITY) + bytes(frame) + encode_frame(following))


def test_another_kind_of_file_is_no_segment() -> None:
    with pytest.raises(CorruptSegmentError):
        decode_segment(b"#!/bin/sh\necho hello\n")
