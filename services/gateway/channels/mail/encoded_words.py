"""RFC 2047, and what senders make of it: words glued together, cut inside a character, raw 8-bit.

Header values come in as ``str`` with the bytes beyond ASCII as surrogate escapes.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from services.gateway.channels.mail import charsets

WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^\r\n]{0,4000}?)\?=")

_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_FOLD = re.compile(r"\r?\n[ \t]?|\r")
_BASE64_GROUP = 4


@dataclass(slots=True)
class _Run:
    """Words of one charset and encoding beside each other: one text, cut anywhere."""

    charset: str
    encoding: str
    texts: list[bytes]


def decode(value: str) -> str:
    """Return the value's text, unfolded."""
    value = unfolded(value)
    found: list[str] = []
    run: _Run | None = None
    position = 0
    for word in WORD.finditer(value):
        between = value[position : word.start()]
        charset, encoding = word[1].partition("*")[0].lower(), word[2].lower()
        text = word[3].encode(errors="surrogateescape")
        position = word.end()
        if run is not None and not between.strip():
            if (run.charset, run.encoding) == (charset, encoding):
                run.texts.append(text)
                continue
            between = ""
        if run is not None:
            found.append(_text_of(run))
        found.append(plain(between))
        run = _Run(charset, encoding, [text])
    if run is not None:
        found.append(_text_of(run))
    found.append(plain(value[position:]))
    return "".join(found)


def unfolded(value: str) -> str:
    return _FOLD.sub(" ", value).strip()


def plain(value: str) -> str:
    """Return text that is not encoded, though it may hold bytes beyond ASCII."""
    if value.isascii() and "\x1b" not in value:
        return value.replace("\0", "")
    return charsets.decode(value.encode(errors="surrogateescape"))


def _text_of(run: _Run) -> str:
    if run.encoding == "q":
        data = b"".join(_unquoted(text) for text in run.texts)
    elif all(len(text) % _BASE64_GROUP == 0 for text in run.texts):
        data = b"".join(_unbased(text) for text in run.texts)
    else:
        # Cut inside a group of four: only together do they make sense.
        data = _unbased(b"".join(text.rstrip(b"=") for text in run.texts))
    text = charsets.decode(data, run.charset)
    return text.replace("\r", "").replace("\n", " ")


def _unquoted(text: bytes) -> bytes:
    return _HEX.sub(lambda pair: bytes.fromhex(pair[1].decode()), text.replace(b"_", b" "))


def _unbased(text: bytes) -> bytes:
    text = re.sub(rb"[^A-Za-z0-9+/]", b"", text.split(b"=")[0])
    if len(text) % _BASE64_GROUP == 1:
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % _BASE64_GROUP))
