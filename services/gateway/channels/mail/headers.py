"""The header block of a mail or of one of its parts.

The standard library's reader is not used: it raises on headers that real mail holds, loses the
bytes of nested messages, and takes the rest of a header block for text after one broken line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.gateway.channels.mail import encoded_words, parameters

_FIELD = re.compile(rb"([!-9;-~]{1,256})[ \t]*:(.*)", re.DOTALL)
_ENVELOPE = re.compile(rb">?From ")
_KNOWN = re.compile(
    rb"(?i)(from|to|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to)[ \t]*:"
)
_LONGEST_BLOCK = 512 * 1024
_MOST_FIELDS = 2000
_LONGEST_VALUE = 32 * 1024


class Headers:
    """Fields by name, whatever the case; values as text with surrogates for bytes beyond ASCII."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self.fields = tuple(fields)
        self._by_name: dict[str, list[str]] = {}
        for name, value in fields:
            self._by_name.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __len__(self) -> int:
        return len(self.fields)

    def raw(self, name: str) -> str:
        """Return the first value of this name as it stands, unfolded, or ""."""
        values = self._by_name.get(name)
        return encoded_words.unfolded(values[0]) if values else ""

    def all(self, name: str) -> list[str]:
        return [encoded_words.unfolded(value) for value in self._by_name.get(name, ())]

    def text(self, name: str) -> str:
        """Return the first value of this name, decoded, or ""."""
        return encoded_words.decode(self.raw(name))

    def word(self, name: str) -> str:
        """Return the first value's first word in lower case, without comments and parameters."""
        words = self.raw(name).split("(")[0].split(";")[0].split()
        return encoded_words.plain(words[0].strip("\"'").lower()) if words else ""

    def parameterised(self, name: str) -> tuple[str, dict[str, str]]:
        return parameters.read(self.raw(name))


def split(message: bytes) -> tuple[Headers, bytes]:
    """Return the header block and what follows it."""
    fields: list[tuple[str, str]] = []
    position, size = 0, min(len(message), _LONGEST_BLOCK)
    while position < size and len(fields) < _MOST_FIELDS:
        end = _end_of_line(message, position)
        line = message[position:end].rstrip(b"\r\n")
        if not line:
            return Headers(fields), message[end:]
        field = _FIELD.fullmatch(line)
        if line[:1] in b" \t" and fields:
            name, value = fields[-1]
            if len(value) < _LONGEST_VALUE:
                fields[-1] = (name, f"{value}\n{_text(line)}")
        elif field is not None:
            name = field[1].decode().lower()
            fields.append((name, _text(field[2])[:_LONGEST_VALUE]))
        elif _ENVELOPE.match(line):
            pass
        elif not _goes_on(message, end):
            return Headers(fields), message[position:]
        position = end
    return Headers(fields), message[position:]


def _goes_on(message: bytes, position: int) -> bool:
    """Tell whether a known header follows before the next empty line: one line was broken."""
    block = re.split(rb"\r?\n\r?\n", message[position : position + 8192], maxsplit=1)[0]
    return any(_KNOWN.match(line) for line in block.split(b"\n"))


def _end_of_line(message: bytes, position: int) -> int:
    end = message.find(b"\n", position)
    return len(message) if end < 0 else end + 1


def _text(value: bytes) -> str:
    return value.decode("ascii", "surrogateescape")
