"""Zendesk's Conversations API (Sunshine, once Smooch): the messages behind messaging tickets."""

from __future__ import annotations

from services.gateway.channels.loose import Loose, as_json, digest
from services.gateway.channels.media_types import kind_of
from services.gateway.domain.incoming import (
    Attachment,
    AuthorKind,
    IncomingBody,
    IncomingEvent,
    Location,
    Receipt,
    ReceiptKind,
    UnrecognisedEvent,
    WrittenMessage,
)

_CHANNEL = "zendesk"
_RECEIPTS: dict[str, ReceiptKind] = {
    "conversation:message:delivery:channel": "sent",
    "conversation:message:delivery:user": "delivered",
    "conversation:message:delivery:failure": "failed",
}
_KINDS: dict[str, AuthorKind] = {
    "user": "customer",
    "appUser": "customer",
    "business": "agent",
    "appMaker": "agent",
    "whisper": "system",
}


def is_batch(entry: Loose) -> bool:
    """Tell whether it is a webhook's batch, of version 2 or 1."""
    if entry.object("app") and any("payload" in one for one in entry.objects("events")):
        return True
    return "trigger" in entry and "app" in entry


def read(entry: Loose) -> list[IncomingEvent]:
    events = entry.objects("events")
    if events:
        return [_event(one) for one in events]
    conversation, person = entry.object("conversation"), entry.object("appUser")
    thread = conversation.text("_id", "id") or person.text("_id", "userId")
    found = [_first_message(one, thread, person) for one in entry.objects("messages")]
    raw = as_json(entry.values)
    unknown = UnrecognisedEvent(entry.text("trigger")[:64], raw)
    return found or [
        IncomingEvent(digest(raw), _CHANNEL, "", unknown, entry.moment_us("timestamp"))
    ]


def _event(entry: Loose) -> IncomingEvent:
    event_type, payload = entry.text("type"), entry.object("payload")
    thread = payload.object("conversation").text("id")
    message = payload.object("message")
    at_us = entry.moment_us("createdAt")
    author_id = ""
    body: IncomingBody | None = None
    if event_type == "conversation:message" and message:
        author_id, body = _message(message)
        at_us = message.moment_us("received") or at_us
    elif event_type == "conversation:postback":
        author_id, body = _postback(payload, entry.text("id"))
    elif event_type in _RECEIPTS and message.text("id"):
        error = payload.object("error")
        code, reason = error.text("code"), error.text("message")
        body = Receipt(_RECEIPTS[event_type], (message.text("id"),), 0, code, reason)
    raw = as_json(entry.values)
    told: IncomingBody = body or UnrecognisedEvent(event_type[:64] or "event", raw)
    event_id = entry.text("id") or digest(raw)
    return IncomingEvent(
        event_id, _CHANNEL, thread if body else "", told, at_us, author_id=author_id
    )


def _message(message: Loose) -> tuple[str, WrittenMessage]:
    author, content = message.object("author"), message.object("content")
    kind = _KINDS.get(author.text("type"), "agent")
    author_id = author.text("userId") or author.object("user").text("id")
    subtypes = author.values.get("subtypes")
    if kind == "agent" and isinstance(subtypes, list) and "AI" in subtypes:
        kind = "bot"
    return author_id, WrittenMessage(
        message_id=message.text("id"),
        author_kind=kind,
        author_name=author.text("displayName"),
        text=content.text("text") or _fields(content),
        reply_to_message_id=message.object("quotedMessage").object("message").text("id"),
        attachments=_media(content, content.text("altText")),
        location=_location(content),
        payload=content.text("payload"),
    )


def _fields(content: Loose) -> str:
    """Return a form's answers, one a line."""
    answers = []
    for one in content.objects("fields"):
        chosen = ", ".join(option.text("label") for option in one.objects("select"))
        answer = one.text("text", "email") or chosen
        answers.append(": ".join(filter(None, (one.text("label", "name"), answer))))
    return "\n".join(filter(None, answers))


def _postback(payload: Loose, event_id: str) -> tuple[str, WrittenMessage]:
    pressed, person = payload.object("postback"), payload.object("user")
    profile = person.object("profile")
    name = " ".join(filter(None, (profile.text("givenName"), profile.text("surname"))))
    body = WrittenMessage(
        message_id=event_id or digest(as_json(payload.values)),
        author_kind="customer",
        author_name=name,
        text=pressed.text("text"),
        payload=pressed.text("payload"),
    )
    return person.text("id"), body


def _first_message(message: Loose, thread: str, person: Loose) -> IncomingEvent:
    role = message.text("role")
    kind = _KINDS.get(role, "agent")
    named = " ".join(filter(None, (person.text("givenName"), person.text("surname"))))
    body = WrittenMessage(
        message_id=message.text("_id", "id"),
        author_kind=kind,
        author_name=message.text("name") or (named if kind == "customer" else ""),
        text=message.text("text") if not message.text("mediaUrl") else message.text("altText"),
        attachments=_media(message, ""),
        location=_location(message),
        payload=message.text("payload"),
    )
    author = message.text("authorId") or (person.text("_id") if kind == "customer" else "")
    at_us = message.moment_us("received")
    return IncomingEvent(body.message_id, _CHANNEL, thread, body, at_us, author_id=author)


def _media(content: Loose, name: str) -> tuple[Attachment, ...]:
    url = content.text("mediaUrl")
    if not url:
        return ()
    media_type = content.text("mediaType")
    kind = "image" if content.text("type") == "image" else kind_of(media_type)
    size = max(int(content.number("mediaSize") or 0), 0)
    return (Attachment(kind, url=url, media_type=media_type, name=name, size_bytes=size),)


def _location(content: Loose) -> Location | None:
    place = content.object("coordinates")
    latitude, longitude = place.number("lat"), place.number("long")
    if latitude is None or longitude is None:
        return None
    named = content.object("location")
    return Location(latitude, longitude, named.text("name"), named.text("address"))
