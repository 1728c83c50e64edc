from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.media_types import is_allowed, settle, sniff

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("declared", "content", "settled"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        ("image/jpg; charset=x", b"\x89PNG\r\n\x1a\nrest", "image/png"),
        ("image/png", b"<svg onload=x>", ""),
        ("text/html", b"<html>", ""),
        ("text/plain", b"BMW is late", "text/plain"),
        ("text/plain", b" <!DOCTYPE html>", ""),
        ("text/plain", b"\xff\xfe\x00", ""),
        ("application/pdf", b"%PDF-1.7", "application/pdf"),
        ("application/pdf", b"PK\x03\x04", ""),
        (DOCX, b"PK\x03\x04word", DOCX),
        ("audio/ogg; codecs=opus", b"OggS", "audio/ogg"),
        ("audio/mp4", b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        ("video/mp4", b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        ("audio/aac", b"\xff\xf1\x50\x80", "audio/aac"),
        ("audio/mpeg", b"\xff\xfb\x90\x00", "audio/mpeg"),
        ("", b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        ("application/octet-stream", b"MZ\x90\x00", ""),
        ("image/png", b"", ""),
    ],
)
def test_header_and_bytes_must_agree(declared: str, content: bytes, settled: str) -> None:
    assert settle(declared, content) == settled


@given(st.text(), st.binary())
def test_any_bytes_have_a_type_or_none(declared: str, content: bytes) -> None:
    assert isinstance(settle(declared, content), str)
    assert isinstance(sniff(content), str)


def test_a_family_allows_its_types() -> None:
    assert is_allowed("image/png", ("image/*",))
    assert not is_allowed("video/mp4", ("image/*", "video/webm"))
