"""Twilio Conversations: the webhooks of its service."""

from __future__ import annotations

from services.gateway.channels.loose import Loose, objects
from services.gateway.channels.loose import read as read_json
from services.gateway.channels.media_types import kind_of
from services.gateway.channels.twilio.messages import identifiers
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    AuthorKind,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Receipt,
    ReceiptKind,
    WrittenMessage,
)

_CHANNEL = "twilio"
# A pre-action webhook has no id of the message yet, so these have happened.
_TYPES = {
    "onMessageSent": "onMessageAdded",
    "com.twilio.conversations.message.added": "onMessageAdded",
    "com.twilio.conversations.message.updated": "onMessageUpdated",
    "com.twilio.conversations.message.removed": "onMessageRemoved",
    "com.twilio.conversations.delivery.updated": "onDeliveryUpdated",
}
# What writes when nobody is named.
_SYSTEM = "system"
_RECEIPTS: dict[str, ReceiptKind] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
}


def read(fields: Loose, at_us: int | None) -> list[IncomingEvent]:
    """Return nothing for what is no message of a conversation."""
    # Programmable Chat, its forerunner, has channels instead.
    thread = fields.text("ConversationSid", "ChannelSid")
    message_id = fields.text("MessageSid")
    if not (thread and message_id):
        return []
    author = fields.text("Author") or (fields.text("From") if "ChannelSid" in fields else "")
    event_type = _TYPES.get(fields.text("EventType"), fields.text("EventType"))
    body: IncomingBody
    match event_type:
        case "onMessageAdded" | "onMessageUpdated":
            body = _message(fields, message_id, author, edited=event_type == "onMessageUpdated")
        case "onMessageRemoved":
            body = MessageDeletion(message_id)
        case "onDeliveryUpdated" if fields.text("Status").lower() in _RECEIPTS:
            status = fields.text("Status").lower()
            body = Receipt(_RECEIPTS[status], (message_id,), code=fields.text("ErrorCode"))
            author, event_type = "", f"{event_type}:{status}:{fields.text('ParticipantSid')}"
        case _:
            return []
    at_us = fields.moment_us("DateUpdated") if event_type != "onMessageAdded" else at_us
    at_us = at_us or fields.moment_us("DateCreated", "DateUpdated", "Timestamp")
    event_id = f"{message_id}:{event_type}"
    if event_type == "onMessageUpdated":
        event_id += f":{fields.text('DateUpdated')}"
    return [IncomingEvent(event_id, _CHANNEL, thread, body, at_us, author_id=author)]


def _message(fields: Loose, message_id: str, author: str, *, edited: bool) -> WrittenMessage:
    return WrittenMessage(
        message_id=message_id,
        author_kind=_kind(fields.text("Source").upper(), author),
        author_name="",
        text=fields.text("Body", "MessageBody"),
        identifiers=identifiers(author),
        edited=edited,
        attachments=_media(fields.values.get("Media")),
        subject=fields.text("MessageSubject"),
    )


def _kind(source: str, author: str) -> AuthorKind:
    """Tell who wrote it: customers come by a carrier or the chat's SDK, the desk by the API."""
    if identifiers(author) or author.startswith("messenger:"):
        return "customer"
    if not source and author == _SYSTEM:
        return "system"
    return "agent" if source in ("API", "STUDIO", "FLEX") else "customer"


def _media(value: object) -> tuple[Attachment, ...]:
    if isinstance(value, str):
        try:
            value = read_json(value.encode(errors="replace"))
        except InvalidRequestError:
            return ()
    return tuple(
        Attachment(
            kind_of(entry.text("ContentType", "content_type")),
            media_id=entry.text("Sid", "sid", "MediaSid"),
            media_type=entry.text("ContentType", "content_type"),
            name=entry.text("Filename", "filename"),
            size_bytes=max(int(entry.number("Size") or entry.number("size") or 0), 0),
        )
        for entry in objects(value)
    )
