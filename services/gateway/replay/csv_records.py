"""Records of a CSV file.

Not the csv module, because it takes a lone CR outside quotes for the end of a row (or refuses it),
and because a quote that never closes would swallow the rest of the file there. Here such a row is
rejected alone and reading goes on with the next line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.gateway.replay.lines import Line, LineQueue, without_ending
from services.gateway.replay.rows import Reject

MAX_RECORD_CHARS = 1 << 20

QUOTE = '"'


class Record(NamedTuple):
    """``line`` is where the record starts, ``raw`` how it stands in the file."""

    line: int
    cells: list[str]
    raw: str


class _MalformedError(ValueError):
    pass


def split_records(lines: Iterator[Line], delimiter: str) -> Iterator[Record | Reject]:
    """Yield every record, blank lines left out. A quote opens a field only at its beginning."""
    queue = LineQueue(lines)
    for line in queue:
        if line.cut or (line.fault and QUOTE not in line.text):
            yield Reject(line.number, line.fault, line.body())
        elif QUOTE in line.text:
            yield _quoted_record(line, queue, delimiter)
        elif body := line.body():
            yield Record(line.number, body.split(delimiter), body)


def _quoted_record(first: Line, queue: LineQueue, delimiter: str) -> Record | Reject:
    splitter = _Splitter(delimiter)
    held = [first]
    size = len(first.text)
    try:
        while not splitter.feed(held[-1].text):
            following = next(queue, None)
            if following is None:
                raise _MalformedError("a quote opens and never closes")
            held.append(following)
            size += len(following.text)
            if following.cut or size > MAX_RECORD_CHARS:
                raise _MalformedError(
                    f"a quote opens and does not close within {MAX_RECORD_CHARS} characters"
                )
    except _MalformedError as error:
        queue.put_back(held[1:])
        return Reject(first.number, first.fault or str(error), first.body())
    raw = without_ending("".join(line.text for line in held))
    if fault := next((line.fault for line in held if line.fault), ""):
        return Reject(first.number, fault, raw)
    return Record(first.number, splitter.cells, raw)


class _Splitter:
    """Splits one record that is fed line by line."""

    def __init__(self, delimiter: str) -> None:
        self.cells: list[str] = []
        self._delimiter = delimiter
        self._open: list[str] | None = None

    def feed(self, text: str) -> bool:
        """Return whether the record is complete. Raises _MalformedError."""
        position = 0
        while True:
            if self._open is None and text.startswith(QUOTE, position):
                self._open = []
                position += 1
            if self._open is None:
                end = text.find(self._delimiter, position)
                if end < 0:
                    self.cells.append(without_ending(text[position:]))
                    return True
                self.cells.append(text[position:end])
                position = end + 1
                continue
            position = self._quoted(text, position, self._open)
            if position < 0:
                return False
            rest = text[position : position + 2]
            if rest in {"", "\n", "\r\n"}:
                return True
            if rest[0] != self._delimiter:
                raise _MalformedError("text follows a closing quote: double the quotes inside")
            position += 1

    def _quoted(self, text: str, position: int, parts: list[str]) -> int:
        """Take the field up to its closing quote; return what follows it, or -1 if open still."""
        while True:
            end = text.find(QUOTE, position)
            if end < 0:
                parts.append(text[position:])
                return -1
            parts.append(text[position:end])
            if not text.startswith(QUOTE, end + 1):
                self.cells.append("".join(parts))
                self._open = None
                return end + 1
            parts.append(QUOTE)
            position = end + 2
