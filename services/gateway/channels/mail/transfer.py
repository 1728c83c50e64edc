"""Content-Transfer-Encoding and what else lies between a part's bytes and its text."""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/=]*")
_PADDING = re.compile(rb"=+")
_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} ([^\r\n]{1,255})\r?$")
_UU_END = re.compile(rb"(?m)^end\r?$")
_GROUP = 4
_STUFFED = re.compile(r"(>*)( ?)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that stood uuencoded within a text."""

    name: str
    content: bytes


def decode(data: bytes, encoding: str) -> bytes:
    """Undo the encoding as far as it goes; what is broken stays as it is."""
    if encoding in ("base64", "b", "base-64"):
        return _from_base64(data)
    if encoding in ("quoted-printable", "q", "quoted_printable"):
        return quopri.decodestring(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        _, files = enclosed(data)
        return files[0].content if files else data
    return data


def _from_base64(data: bytes) -> bytes:
    text = _NOT_BASE64.sub(b"", data)
    lines = data.split(b"\n")
    if sum(not _BASE64_LINE.fullmatch(line.strip()) for line in lines) > len(lines) // 2:
        # It only claims to be base64.
        return data
    if b"=" in text.rstrip(b"="):
        # Encoded in pieces; or a mailing list has added its lines below.
        kept = b"\n".join(line for line in lines if _BASE64_LINE.fullmatch(line.strip()))
        text = _NOT_BASE64.sub(b"", kept)
    elif b"=" in text or len(text) % _GROUP:
        kept = b"\n".join(line for line in lines if _BASE64_LINE.fullmatch(line.strip()))
        text = _NOT_BASE64.sub(b"", kept) or text
    return b"".join(_group(piece) for piece in _PADDING.split(text) if piece)


def _group(piece: bytes) -> bytes:
    if len(piece) % _GROUP == 1:
        piece = piece[:-1]
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % _GROUP))


def enclosed(data: bytes) -> tuple[bytes, list[Enclosed]]:
    """Return a text without the files that are uuencoded in it, and the files."""
    found: list[Enclosed] = []
    rest: list[bytes] = []
    position = 0
    for begin in _UU_BEGIN.finditer(data):
        if begin.start() < position:
            continue
        end = _UU_END.search(data, begin.end())
        if end is None:
            break
        content = _from_uu(data[begin.end() : end.start()])
        if content is None:
            continue
        rest.append(data[position : begin.start()])
        found.append(Enclosed(begin[1].decode("utf-8", "replace").strip(), content))
        position = end.end()
    rest.append(data[position:])
    return b"".join(rest), found


def _from_uu(data: bytes) -> bytes | None:
    lines = []
    for line in data.splitlines():
        if not line.strip():
            continue
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            try:
                # Some encoders write more than they announce.
                lines.append(binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3 + 1]))
            except (binascii.Error, IndexError):
                return None
    return b"".join(lines)


def unflowed(text: str, *, deleting_spaces: bool) -> str:
    """Join the soft-wrapped lines of ``format=flowed`` (RFC 3676)."""
    lines: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        quotes, _, content = _STUFFED.fullmatch(line).groups()  # type: ignore[union-attr]
        depth = len(quotes)
        if open_depth == depth and content != "-- ":
            if deleting_spaces:
                lines[-1] = lines[-1][:-1]
            lines[-1] += content
        else:
            lines.append(f"{quotes} {content}" if quotes else content)
        open_depth = depth if content.endswith(" ") and content != "-- " else -1
    return "\n".join(lines)
