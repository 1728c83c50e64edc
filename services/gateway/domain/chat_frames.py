"""The widget's words, version 1: JSON frames over one WebSocket. See docs/channels/web-chat.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from services.gateway.domain.fields import Fields, read_object

VERSION: Final = 1
TEXT_LIMIT: Final = 4_000
MOST_FILES: Final = 10
LARGEST_FRAME: Final = 64 * 1024

_NAME_LIMIT = 100
_TOKEN_LIMIT = 4_096
_PAYLOAD_LIMIT = 1_000
# The widget makes it: long enough that two never meet, and harmless in keys and logs.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the organisation says of a customer: an id and its signature, or a signed token."""

    customer_id: str = ""
    signature: str = ""
    token: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """``last_seq``: what the widget has seen already, -1 for nothing."""

    token: str = ""
    identity: Identity | None = None
    last_seq: int = -1
    language: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    message_id: str
    text: str
    reply_to: str = ""
    payload: str = ""
    # Tokens of files that were uploaded before.
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Types:
    on: bool


@dataclass(frozen=True, slots=True)
class HasRead:
    seq: int


@dataclass(frozen=True, slots=True)
class WantsOlder:
    before: int


@dataclass(frozen=True, slots=True)
class Ping:
    pass


Frame: TypeAlias = Hello | Said | Types | HasRead | WantsOlder | Ping


def read_frame(data: bytes) -> Frame:
    """Read one frame. Raise ``InvalidRequestError`` that names the field."""
    fields = read_object(data)
    kind = fields.text("type")
    reader = _READERS.get(kind)
    if reader is None:
        fields.complain("type", f"is {kind!r}; expected is one of {', '.join(_READERS)}")
    return reader(fields)


def _hello(fields: Fields) -> Hello:
    version = fields.integer("v")
    if version != VERSION:
        fields.complain("v", f"is {version}; this gateway speaks version {VERSION}")
    language = fields.text("language", "")
    return Hello(
        token=fields.text("token", "", limit=_TOKEN_LIMIT),
        identity=_identity(fields.object("identity")) if "identity" in fields else None,
        last_seq=_seq(fields, "last_seq") if "last_seq" in fields else -1,
        language=language if _LANGUAGE.fullmatch(language) else "",
    )


def _identity(fields: Fields) -> Identity:
    name = fields.text("name", "", limit=_NAME_LIMIT)
    if "token" in fields:
        return Identity(token=fields.text("token", limit=_TOKEN_LIMIT), name=name)
    return Identity(fields.text("id", limit=200), fields.text("signature"), name=name)


def _said(fields: Fields) -> Said:
    said = Said(
        message_id=_message_id(fields, "id"),
        text=fields.text("text", "", limit=TEXT_LIMIT).strip(),
        reply_to=_message_id(fields, "reply_to") if "reply_to" in fields else "",
        payload=fields.text("payload", "", limit=_PAYLOAD_LIMIT),
        files=_files(fields),
    )
    if not said.text and not said.files:
        fields.complain("text", "is missing; a text or a file is needed")
    if "\x00" in said.text:
        fields.complain("text", "holds a NUL, which is no character")
    return said


def _files(fields: Fields) -> tuple[str, ...]:
    return tuple(
        entry.text("file", limit=_TOKEN_LIMIT)
        for entry in fields.objects("files", limit=MOST_FILES)
    )


def _message_id(fields: Fields, name: str) -> str:
    message_id = fields.text(name)
    if name == "id" and not _MESSAGE_ID.fullmatch(message_id):
        fields.complain(name, "is no id; use 8 to 64 of letters, digits, _ and -")
    return message_id


def _seq(fields: Fields, name: str) -> int:
    seq = fields.integer(name)
    if seq < -1:
        fields.complain(name, "is negative")
    return seq


_READERS: Mapping[str, Callable[[Fields], Frame]] = MappingProxyType(
    {
        "hello": _hello,
        "message": _said,
        "typing": lambda fields: Types(fields.flag("on")),
        "read": lambda fields: HasRead(_seq(fields, "seq")),
        "older": lambda fields: WantsOlder(_seq(fields, "before")),
        "ping": lambda _: Ping(),
    }
)
