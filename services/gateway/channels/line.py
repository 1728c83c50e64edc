"""LINE's Messaging API: signed batches of events of one official account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.platform_json import child, milliseconds, number, understood
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    IncomingBody,
    IncomingEvent,
    Location,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

SIGNATURE_HEADER = "x-line-signature"
_MOST_EVENTS = 1_000
_URL_LIMIT = 4_096
_MOST_KEYWORDS = 100
_UNNAMED = "event"
_LONGEST_TYPE = 64
_STICKER_ADDRESS = "https://stickershop.line-scdn.net/stickershop/v1/sticker/{}/android/sticker.png"
_MEDIA: Mapping[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
}


@dataclass(frozen=True, slots=True)
class LineSettings:
    """``secrets`` are the channel's secret; ``access_token`` is its long-lived token."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    access_token: str = field(default="", repr=False)
    api_base: str = "https://api.line.me"
    # "", "name" or "initials".
    sign: str = ""


class LineChannel(PlatformChannel):
    """``POST /v1/line/{organisation}/{account}``."""

    kind = "line"
    path = "/v1/line"
    settings = LineSettings

    def verify(
        self, request: InboundRequest, settings: LineSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        # A second of import, which only organisations that are on LINE should pay.
        from linebot.v3.webhook import SignatureValidator  # noqa: PLC0415

        offered = request.headers.get(SIGNATURE_HEADER, "")
        try:
            body = request.body.decode()
        except UnicodeDecodeError:
            raise RefusedError("the body is not UTF-8, which LINE always sends") from None
        if not offered.isascii():
            raise RefusedError(f"{SIGNATURE_HEADER} is no signature")
        matches = [
            SignatureValidator(secret).validate(body, offered) for secret in settings.secrets
        ]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        """Read a batch; an empty one is how LINE tries an address out."""
        batch = read_object(request.body)
        return [self._event(entry) for entry in _entries(batch)]

    def _event(self, entry: Fields) -> IncomingEvent:
        return understood(
            lambda: self._placed(entry, _body(entry)),
            lambda reason: self._kept(entry, reason),
        )

    def _placed(self, entry: Fields, body: IncomingBody) -> IncomingEvent:
        source = child(entry, "source")
        author_id = source.text("userId", "")
        return IncomingEvent(
            event_id=_event_id(entry),
            channel=self.kind,
            thread_id=source.text("groupId", "") or source.text("roomId", "") or author_id,
            body=body,
            occurred_at_us=milliseconds(entry, "timestamp"),
            author_id=author_id,
        )

    def _kept(self, entry: Fields, reason: str) -> IncomingEvent:
        """Keep what was not understood, with as much of its frame as can be read."""
        body = UnrecognisedEvent(_type_of(entry), entry.as_json(), reason)
        try:
            return self._placed(entry, body)
        except InvalidRequestError:
            return IncomingEvent(sha256(body.payload).hexdigest(), self.kind, "", body, None)


def _entries(batch: Fields) -> list[Fields]:
    """Return the events of a batch; a capture may hold one of them alone, or its message."""
    if "events" in batch or "type" not in batch:
        return batch.entries("events", limit=_MOST_EVENTS)
    is_message = "id" in batch and not any(name in batch for name in ("source", "timestamp"))
    return [Fields({"type": "message", "message": batch.values()}, "") if is_message else batch]


def _event_id(entry: Fields) -> str:
    """Return the webhook's event id, which stays on redelivery; old captures have none."""
    if event_id := entry.text("webhookEventId", ""):
        return event_id
    message_id = child(entry, "message").identifier("id", "")
    return f"{_type_of(entry)}:{message_id}" if message_id else sha256(entry.as_json()).hexdigest()


def _type_of(entry: Fields) -> str:
    kind = entry.values().get("type")
    return kind if isinstance(kind, str) and 0 < len(kind) <= _LONGEST_TYPE else _UNNAMED


def _body(entry: Fields) -> IncomingBody:
    kind = _type_of(entry)
    reader = _BODIES.get(kind)
    return UnrecognisedEvent(kind, entry.as_json()) if reader is None else reader(entry)


def _message(entry: Fields) -> IncomingBody:
    message = entry.object("message")
    kind = message.text("type")
    known = kind in _MEDIA or kind in ("text", "sticker", "location")
    if not known:
        return UnrecognisedEvent(f"message.{kind}"[:_LONGEST_TYPE], entry.as_json())
    return WrittenMessage(
        message_id=message.identifier("id", "") or _event_id(entry),
        author_kind="customer",
        author_name="",
        text=message.text("text", "", limit=TEXT_LIMIT),
        reply_to_message_id=message.identifier("quotedMessageId", ""),
        edited=_type_of(entry) == "messageEdited",
        attachments=_attachments(message, kind),
        location=_location(message) if kind == "location" else None,
    )


def _attachments(message: Fields, kind: str) -> tuple[Attachment, ...]:
    """Return the medium: LINE keeps it under the message's id, unless it lies elsewhere."""
    if kind == "sticker":
        sticker = message.identifier("stickerId")
        keywords = message.texts("keywords", limit=_MOST_KEYWORDS)
        address = _STICKER_ADDRESS.format(quote(sticker, safe=""))
        return (Attachment("sticker", sticker, address, "image/png", ", ".join(keywords)),)
    if kind not in _MEDIA:
        return ()
    provider = child(message, "contentProvider")
    return (
        Attachment(
            _MEDIA[kind],
            media_id=message.identifier("id", ""),
            url=provider.text("originalContentUrl", "", limit=_URL_LIMIT),
            name=message.text("fileName", ""),
            size_bytes=number(message, "fileSize") if "fileSize" in message else 0,
        ),
    )


def _location(message: Fields) -> Location:
    return Location(
        latitude=message.number("latitude"),
        longitude=message.number("longitude"),
        name=message.text("title", "", limit=TEXT_LIMIT),
        address=message.text("address", "", limit=TEXT_LIMIT),
    )


def _unsend(entry: Fields) -> IncomingBody:
    return MessageDeletion(entry.object("unsend").identifier("messageId"))


def _postback(entry: Fields) -> IncomingBody:
    """Read a pressed button: its data, and the day or time that was picked, if one was."""
    postback = entry.object("postback")
    picked = child(postback, "params")
    names = ("datetime", "date", "time")
    return WrittenMessage(
        message_id=_event_id(entry),
        author_kind="customer",
        author_name="",
        text=next(filter(None, (picked.text(name, "") for name in names)), ""),
        payload=postback.text("data", "", limit=TEXT_LIMIT),
    )


def _delivery(entry: Fields) -> IncomingBody:
    """Read that a notification message arrived; LINE names it by the tag it was sent with."""
    return Receipt("delivered", (entry.object("delivery").text("data"),))


_BODIES: Mapping[str, Callable[[Fields], IncomingBody]] = {
    "message": _message,
    "messageEdited": _message,
    "unsend": _unsend,
    "postback": _postback,
    "delivery": _delivery,
}
