"""Physical lines of a file: they end with LF or CRLF; a lone CR is part of the text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAX_LINE_BYTES = 1 << 20

_BYTE_ORDER_MARK = "\ufeff"


class Line(NamedTuple):
    """A line with its ending.

    One with a ``fault`` shows the bytes that are none of its encoding as escapes; a ``cut`` one is
    longer than MAX_LINE_BYTES and stops there.
    """

    number: int
    text: str
    fault: str = ""
    cut: bool = False

    def body(self) -> str:
        return without_ending(self.text)


def without_ending(text: str) -> str:
    if text.endswith("\r\n"):
        return text[:-2]
    return text.removesuffix("\n")


def read_lines(stream: BinaryIO, encoding: str) -> Iterator[Line]:
    number = 0
    while chunk := stream.readline(MAX_LINE_BYTES):
        number += 1
        if len(chunk) == MAX_LINE_BYTES and not chunk.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES)
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(MAX_LINE_BYTES)
            shown = chunk.decode(encoding, errors="backslashreplace")
            yield Line(number, shown, f"the line is longer than {MAX_LINE_BYTES} bytes", cut=True)
            continue
        line = _decode(number, chunk, encoding)
        if number == 1 and line.text.startswith(_BYTE_ORDER_MARK):
            line = line._replace(text=line.text[1:])
        yield line


def _decode(number: int, chunk: bytes, encoding: str) -> Line:
    try:
        return Line(number, chunk.decode(encoding))
    except UnicodeDecodeError as error:
        return Line(
            number,
            chunk.decode(encoding, errors="backslashreplace"),
            f"byte {error.start + 1} of the line is not {encoding}: set file.encoding in the "
            "mapping to the file's own",
        )


class LineQueue:
    """The lines of a file, where a reader that went too far can put some back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._returned: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._returned.popleft() if self._returned else next(self._lines)

    def put_back(self, lines: list[Line]) -> None:
        self._returned.extendleft(reversed(lines))
