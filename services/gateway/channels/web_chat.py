"""The organisation's own web chat: what its widget's visitors say.

Nobody posts to it: visitors speak over a socket, see ``services/gateway/chat``. ``parse``
reads what the gateway keeps of each of their words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from services.gateway.channels.base import PlatformChannel
from services.gateway.domain.chat_frames import Said
from services.gateway.domain.chat_invitations import InvitationRule, check_rule
from services.gateway.domain.chat_visitors import Visitor
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.inbound import InboundRequest, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    Identifier,
    IncomingEvent,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

KIND: Final = "web_chat"

_SHORTEST_SECRET = 32
_MOST_IDENTIFIERS = 20
_FILE_KINDS: tuple[AttachmentKind, ...] = get_args(AttachmentKind)
_FILE_TYPES = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "application/pdf",
    "audio/*",
    "video/mp4",
    "video/webm",
)


@dataclass(frozen=True, slots=True)
class WebChatSettings:
    """``secrets`` prove whom the organisation has logged in, and sign what the gateway hands out.

    ``allowed_origins``: the sites that may show the widget, like "https://shop.example"; the
    gateway's own pages always may. ``identity_kind``: what a signed id is called as an identifier;
    "" when it is no identifier elsewhere. ``address_header``: the header in which the
    organisation's proxy tells a visitor's address ("x-forwarded-for", whose last entry counts).
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    allowed_origins: tuple[str, ...] = ()
    # By language ("de", "zh-CN"); "" for all others. The widget has words of its own.
    titles: Mapping[str, str] = field(default_factory=dict)
    greetings: Mapping[str, str] = field(default_factory=dict)
    invitations: tuple[InvitationRule, ...] = ()
    # A colour like "#0b5cad"; white must be readable on it.
    colour: str = ""
    identity_kind: str = "crm_id"
    largest_file_bytes: int = 10 * 1024 * 1024
    file_types: tuple[str, ...] = _FILE_TYPES
    address_header: str = ""
    sign: Literal["", "name", "initials"] = ""


class WebChatChannel(PlatformChannel):
    """``/v1/web-chat/{organisation}/{account}/socket`` is its way in."""

    kind = KIND
    path = "/v1/web-chat"
    settings = WebChatSettings

    def check(self, settings: WebChatSettings) -> None:
        for secret in settings.secrets:
            if len(secret) < _SHORTEST_SECRET:
                raise ValueError(f"a secret has at least {_SHORTEST_SECRET} random characters")
        for origin in settings.allowed_origins:
            _check_origin(origin)
        for rule in settings.invitations:
            check_rule(rule)
        if settings.colour:
            check_colour(settings.colour)
        if settings.largest_file_bytes < 0:
            raise ValueError("largest_file_bytes is negative; 0 allows no files")

    def verify(
        self, request: InboundRequest, settings: WebChatSettings, now_us: int
    ) -> InboundRequest:
        _ = request, settings, now_us
        raise RefusedError("visitors speak over the socket, at this address and /socket")

    def parse(self, request: InboundRequest) -> Sequence[IncomingEvent]:
        kept = read_object(request.body)
        thread_id = kept.text("thread_id")
        author = kept.object("author")
        if kept.text("type") != "message":
            unknown = UnrecognisedEvent(kept.text("type"), request.body)
            return [IncomingEvent(kept.text("id"), KIND, thread_id, unknown, None)]
        written = WrittenMessage(
            message_id=kept.text("id"),
            author_kind="customer",
            author_name=author.text("name", ""),
            text=kept.text("text", "", limit=TEXT_LIMIT),
            reply_to_message_id=kept.text("reply_to", ""),
            language_hint=kept.text("language", ""),
            identifiers=tuple(
                Identifier(one.text("kind"), one.text("value"))
                for one in author.objects("identifiers", limit=_MOST_IDENTIFIERS)
            ),
            attachments=tuple(_attachment(one) for one in kept.objects("files", limit=100)),
            payload=kept.text("payload", "", limit=TEXT_LIMIT),
        )
        return [message_event(thread_id, written, kept.instant("at"))]


def message_event(
    thread_id: str, written: WrittenMessage, occurred_at_us: int | None = None
) -> IncomingEvent:
    """Build the event of a visitor's message: the widget's id names it within its thread."""
    event_id = f"{thread_id}:{written.message_id}"
    return IncomingEvent(event_id, KIND, thread_id, written, occurred_at_us, author_id=thread_id)


def read_event(thread_id: str, seq: int, until_at_us: int) -> IncomingEvent:
    """Build the event of a visitor having read everything up to a message."""
    receipt = Receipt("read", until_at_us=until_at_us)
    return IncomingEvent(f"{thread_id}:read:{seq}", KIND, thread_id, receipt, None, thread_id)


def written_by(
    visitor: Visitor, said: Said, language: str, attachments: Sequence[Attachment]
) -> WrittenMessage:
    return WrittenMessage(
        message_id=said.message_id,
        author_kind="customer",
        author_name=visitor.name,
        text=said.text,
        reply_to_message_id=said.reply_to,
        language_hint=language,
        identifiers=visitor.identifiers,
        attachments=tuple(attachments),
        payload=said.payload,
    )


def kept_bytes(thread_id: str, written: WrittenMessage, at: str) -> bytes:
    """Return what ``parse`` reads: the message as proved, without the bytes of its files."""
    kept = {
        "type": "message",
        "id": written.message_id,
        "thread_id": thread_id,
        "at": at,
        "author": {
            "name": written.author_name,
            "identifiers": [{"kind": one.kind, "value": one.value} for one in written.identifiers],
        },
        "text": written.text,
        "reply_to": written.reply_to_message_id,
        "language": written.language_hint,
        "payload": written.payload,
        "files": [
            {
                "kind": one.kind,
                "media_id": one.media_id,
                "media_type": one.media_type,
                "name": one.name,
                "size_bytes": one.size_bytes,
            }
            for one in written.attachments
        ],
    }
    return json.dumps(kept, ensure_ascii=False).encode()


def check_colour(colour: str) -> None:
    """Raise ``ValueError`` unless white text is readable on it (WCAG 2.2, 4.5 to 1)."""
    digits = colour.removeprefix("#")
    if len(digits) != len("0b5cad") or any(one not in "0123456789abcdefABCDEF" for one in digits):
        raise ValueError(f'colour is {colour!r}; write one like "#0b5cad"')
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    contrast = 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    if contrast < 4.5:  # noqa: PLR2004  # the standard's number
        raise ValueError(
            f"colour {colour} leaves white text a contrast of {contrast:.1f} to 1; take a darker "
            "one with at least 4.5"
        )


def _linear(channel: float) -> float:
    if channel <= 0.04045:  # noqa: PLR2004  # where the curve of sRGB begins
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    if parts.scheme not in ("https", "http") or not parts.netloc or parts.path or parts.query:
        raise ValueError(
            f'allowed_origins: {origin!r} is no origin; write one like "https://shop.example"'
        )


def _attachment(entry: Fields) -> Attachment:
    kind = entry.text("kind", "file")
    if kind not in _FILE_KINDS:
        entry.complain("kind", f"is {kind!r}; expected is one of {', '.join(_FILE_KINDS)}")
    return Attachment(
        kind=kind,
        media_id=entry.text("media_id", ""),
        media_type=entry.text("media_type", ""),
        name=entry.text("name", ""),
        size_bytes=entry.integer("size_bytes") if "size_bytes" in entry else 0,
    )
