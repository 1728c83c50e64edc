"""The tree of a mail's parts, read from raw bytes that may claim anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from services.gateway.channels.mail import headers, transfer

MOST_PARTS = 500
DEEPEST = 20

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_FIRST_BOUNDARY = re.compile(rb"(?m)^--([^\r\n]{1,200}?)[ \t]*\r?$")
_TEXT = "text/plain"


@dataclass(frozen=True)
class Entity:
    """A message or a part: its headers, its bytes as they came, and the parts of a multipart."""

    headers: headers.Headers
    raw: bytes
    body: bytes
    media_type: str
    parameters: dict[str, str]
    disposition: str
    disposition_parameters: dict[str, str]
    parts: tuple[Entity, ...] = ()

    @cached_property
    def content(self) -> bytes:
        """Return the body without its transfer encoding."""
        return transfer.decode(self.body, self.headers.word("content-transfer-encoding"))

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def is_text(self) -> bool:
        return self.media_type.startswith("text/")

    @property
    def content_id(self) -> str:
        return self.headers.text("content-id").strip().strip("<>").strip()

    @property
    def name(self) -> str:
        """Return the file's name without folders, or ""."""
        return _plain_name(
            self.disposition_parameters.get("filename", "").strip()
            or self.parameters.get("name", "")
        )

    @property
    def other_name(self) -> str:
        """Return a name that stands where it does not belong, or the end of the address."""
        named = self.parameters.get("filename", "") or self.disposition_parameters.get("name", "")
        location = self.headers.text("content-location").split("?")[0].split("#")[0]
        return _plain_name(named.strip() or location)

    def walk(self) -> Iterator[Entity]:
        yield self
        for part in self.parts:
            yield from part.walk()


def _plain_name(name: str) -> str:
    name = "".join(" " if ord(one) < 32 or one == "\x7f" else one for one in name)  # noqa: PLR2004
    return re.split(r"[/\\]", name.strip())[-1].strip()


class _Budget:
    def __init__(self) -> None:
        self.parts = MOST_PARTS


def read(message: bytes) -> Entity:
    """Read a whole message. Never raises."""
    return _entity(message, _Budget(), 0, _TEXT)


def _entity(raw: bytes, budget: _Budget, depth: int, default_type: str) -> Entity:
    found, body = headers.split(raw)
    media_type, parameters = found.parameterised("content-type")
    media_type = _known_type(media_type, default_type)
    disposition, disposition_parameters = found.parameterised("content-disposition")
    entity = Entity(found, raw, body, media_type, parameters, disposition, disposition_parameters)
    if not entity.is_multipart:
        return entity
    body = entity.content
    pieces = _pieces(body, parameters.get("boundary", ""), budget) if depth < DEEPEST else []
    if not pieces:
        # It has no parts: whatever it holds is its text.
        return Entity(found, raw, body, _TEXT, parameters, disposition, disposition_parameters)
    inner_type = "message/rfc822" if media_type == "multipart/digest" else _TEXT
    parts = tuple(_entity(piece, budget, depth + 1, inner_type) for piece in pieces)
    return Entity(
        found, raw, body, media_type, parameters, disposition, disposition_parameters, parts
    )


def _known_type(media_type: str, default: str) -> str:
    media_type = media_type.replace(" ", "")
    if _TYPE.fullmatch(media_type):
        return media_type
    if media_type.startswith("text/html"):
        return "text/html"
    if media_type.startswith("multipart"):
        return "multipart/mixed"
    return "text/html" if media_type == "html" else default


def _pieces(body: bytes, boundary: str, budget: _Budget) -> list[bytes]:
    marks = _marks(body, boundary.strip().encode(errors="surrogateescape"))
    if not marks:
        # The declared boundary is missing or wrong: take the one that is there.
        first = _FIRST_BOUNDARY.search(body)
        marks = _marks(body, first[1].removesuffix(b"--")) if first else []
    pieces: list[bytes] = []
    for index, (_, start, is_last) in enumerate(marks):
        if is_last and (index + 1 == len(marks) or pieces):
            break
        end = marks[index + 1][0] if index + 1 < len(marks) else len(body)
        if budget.parts <= 0:
            break
        budget.parts -= 1
        pieces.append(_without_last_break(body[start:end]))
    return pieces


def _marks(body: bytes, boundary: bytes) -> list[tuple[int, int, bool]]:
    if not boundary:
        return []
    mark = re.compile(rb"(?m)^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?(?:\n|\Z)")
    return [(found.start(), found.end(), bool(found[1])) for found in mark.finditer(body)]


def _without_last_break(piece: bytes) -> bytes:
    return piece.removesuffix(b"\n").removesuffix(b"\r")
