"""Messages in the first-party contract, with what hangs on them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast, get_args

from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    AuthorKind,
    Identifier,
    IncomingBody,
    Location,
    WrittenMessage,
)

URL_LIMIT = 4096

_ATTACHMENT_KINDS: tuple[AttachmentKind, ...] = get_args(AttachmentKind)
_MOST_IDENTIFIERS = 50
_MOST_ATTACHMENTS = 50
_MOST_STARS = 5


@dataclass(frozen=True, slots=True)
class Read:
    """What a type's ``data`` says, save for what all of them have."""

    thread_id: str
    body: IncomingBody
    author_id: str = ""


# Takes the data and the event's type.
Reader = Callable[[Fields, str], Read]


def message(kinds: Sequence[AuthorKind], *, edited: bool = False) -> Reader:
    return partial(_read, kinds, edited)


def _read(kinds: Sequence[AuthorKind], edited: bool, data: Fields, event_type: str) -> Read:
    _ = event_type
    author = data.object("author")
    kind = author.text("kind", kinds[0])
    if kind not in kinds:
        author.complain("kind", f"is {kind!r}; expected is {' or '.join(kinds)}")
    stars = data.integer("stars") if "stars" in data else 0
    if not 0 <= stars <= _MOST_STARS:
        data.complain("stars", f"is {stars}; expected is 1 to {_MOST_STARS}")
    body = WrittenMessage(
        message_id=data.text("message_id"),
        author_kind=cast("AuthorKind", kind),
        author_name=author.text("name", ""),
        text=data.text("text", "", limit=TEXT_LIMIT),
        reply_to_message_id=data.text("reply_to", ""),
        language_hint=data.text("language", ""),
        identifiers=identifiers(author),
        edited=edited,
        attachments=attachments(data),
        location=_location(data.object("location")) if "location" in data else None,
        subject=data.text("subject", "", limit=TEXT_LIMIT),
        is_public=data.flag("is_public"),
        payload=data.text("payload", "", limit=TEXT_LIMIT),
        reply_address=data.text("reply_address", "", limit=TEXT_LIMIT),
        automatic=data.flag("automatic"),
        stars=stars,
    )
    return Read(data.text("thread_id"), body, author.text("id"))


def identifiers(author: Fields) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(entry.text("kind"), entry.text("value"))
        for entry in author.objects("identifiers", limit=_MOST_IDENTIFIERS)
    )


def attachments(data: Fields) -> tuple[Attachment, ...]:
    return tuple(
        _attachment(entry) for entry in data.objects("attachments", limit=_MOST_ATTACHMENTS)
    )


def _attachment(entry: Fields) -> Attachment:
    kind = entry.text("kind", "file")
    if kind not in _ATTACHMENT_KINDS:
        entry.complain("kind", f"is {kind!r}; expected is one of {', '.join(_ATTACHMENT_KINDS)}")
    content = _content(entry)
    size_bytes = entry.integer("size_bytes") if "size_bytes" in entry else len(content)
    if size_bytes < 0:
        entry.complain("size_bytes", "is negative")
    read = Attachment(
        kind=kind,
        media_id=entry.text("media_id", ""),
        url=entry.text("url", "", limit=URL_LIMIT),
        media_type=entry.text("media_type", ""),
        name=entry.text("name", ""),
        size_bytes=size_bytes,
        inline=entry.flag("inline"),
        content=content,
    )
    if not (read.media_id or read.url or read.content):
        entry.complain("url", "is missing; a url, a media_id or the content is needed")
    return read


def _content(entry: Fields) -> bytes:
    if "content" not in entry:
        return b""
    try:
        return b64decode(entry.text("content", limit=TEXT_LIMIT), validate=True)
    except ValueError:
        entry.complain("content", "is not base64")


def _location(entry: Fields) -> Location:
    read = Location(
        latitude=entry.number("latitude"),
        longitude=entry.number("longitude"),
        name=entry.text("name", ""),
        address=entry.text("address", "", limit=URL_LIMIT),
    )
    for name, value, most in (("latitude", read.latitude, 90), ("longitude", read.longitude, 180)):
        if abs(value) > most:
            entry.complain(name, f"is {value}; expected is -{most} to {most}")
    return read
