"""Conversations on Messenger and Instagram: what ``messaging`` and ``standby`` hold.

A thread is the page or account and the customer, who is known by an id towards that page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.gateway.channels.meta.attachments import read_attachments, read_template_text
from services.gateway.channels.meta.feedback import read_feedback
from services.gateway.channels.meta.pieces import Conversation, Entry, digest, instant_us
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    IncomingEvent,
    MessageDeletion,
    Reaction,
    Receipt,
    WrittenMessage,
)

# What the sender writes into a message's metadata: its echo is known by it.
OWN_METADATA = "careline:"

_MOST_RECEIPTS = 1000
_ENVELOPE = frozenset({"sender", "recipient", "timestamp", "hop_context", "prior_message"})
_NOTHING = Fields({}, "")


@dataclass(frozen=True, slots=True)
class _Item:
    """One event of a conversation: ``part`` is its one telling field."""

    fields: Fields
    part: Fields
    here: Conversation
    author_name: str
    by_business: bool


def is_messaging(fields: Fields) -> bool:
    """Tell whether a change is an event of a conversation: so does Meta send its test events."""
    return "sender" in fields and "recipient" in fields


def read_messaging(fields: Fields, channel: str, entry: Entry) -> Sequence[IncomingEvent]:
    name = next((one for one in fields.names() if one in _READERS), "")
    sender, recipient = _party(fields, "sender"), _party(fields, "recipient")
    by_business = _is_by_business(fields, sender, entry.account_id)
    to_account = recipient != "" and recipient == entry.account_id
    business, customer = (
        (sender, recipient) if by_business and not to_account else (recipient, sender)
    )
    business = business or entry.account_id
    here = Conversation(
        channel,
        ":".join(filter(None, (business, customer))) if customer else "",
        sender,
        instant_us(fields, "timestamp") or entry.batched_at_us,
    )
    if not name:
        others = [one for one in fields.names() if one not in _ENVELOPE]
        return [here.unrecognised(others[0] if others else "messaging", fields.values())]
    try:
        item = _Item(fields, fields.object(name), here, _name(fields), by_business)
        return _READERS[name](item)
    except InvalidRequestError as error:
        return [here.unrecognised(name, fields.values(), str(error))]


def _party(fields: Fields, name: str) -> str:
    party = fields.object(name) if name in fields else _NOTHING
    return party.identifier("id", "") or party.identifier("user_ref", "")


def _name(fields: Fields) -> str:
    sender = fields.object("sender") if "sender" in fields else _NOTHING
    return sender.text("name", "") or sender.text("username", "")


def _is_by_business(fields: Fields, sender: str, account_id: str) -> bool:
    message = fields.values().get("message")
    is_echo = isinstance(message, dict) and message.get("is_echo") is True
    return is_echo or (sender != "" and sender == account_id)


def _message(item: _Item) -> Sequence[IncomingEvent]:
    message, here = item.part, item.here
    if not here.thread_id:
        item.fields.complain("sender", "is missing")
    # Test events and old versions leave it out.
    message_id = message.identifier("mid", "") or f"message:{digest(item.fields.values())}"
    if message.flag("is_deleted"):
        return [here.event(f"{message_id}:deleted", MessageDeletion(message_id))]
    if item.by_business and message.text("metadata", "", limit=TEXT_LIMIT).startswith(OWN_METADATA):
        return [here.event(f"{message_id}:sent", Receipt("sent", (message_id,)))]
    attachments, location = read_attachments(message)
    text = message.text("text", "", limit=TEXT_LIMIT) or read_template_text(message)
    if message.flag("is_unsupported") and not text and not attachments:
        return [here.unrecognised("message.unsupported", item.fields.values(), event_id=message_id)]
    quick_reply = message.object("quick_reply") if "quick_reply" in message else _NOTHING
    reply_to = message.object("reply_to") if "reply_to" in message else _NOTHING
    story = reply_to.object("story") if "story" in reply_to else _NOTHING
    body = WrittenMessage(
        message_id=message_id,
        author_kind="agent" if item.by_business else "customer",
        author_name=item.author_name,
        text=text,
        reply_to_message_id=reply_to.text("mid", "") or story.identifier("id", ""),
        attachments=attachments,
        location=location,
        quoted_text=story.text("url", "", limit=TEXT_LIMIT),
        payload=quick_reply.text("payload", "", limit=TEXT_LIMIT),
    )
    return [here.event(message_id, body)]


def _edit(item: _Item) -> Sequence[IncomingEvent]:
    message_id = item.part.identifier("mid")
    body = WrittenMessage(
        message_id=message_id,
        author_kind="agent" if item.by_business else "customer",
        author_name=item.author_name,
        text=item.part.text("text", limit=TEXT_LIMIT),
        edited=True,
    )
    version = item.part.identifier("num_edit", "") or digest(item.fields.values())
    return [item.here.event(f"{message_id}:edit:{version}", body)]


def _reaction(item: _Item) -> Sequence[IncomingEvent]:
    message_id = item.part.identifier("mid")
    body = Reaction(
        message_id,
        item.part.text("emoji", "") or item.part.text("reaction", ""),
        removed=item.part.text("action", "react") == "unreact",
    )
    return [item.here.event(f"{message_id}:reaction:{digest(item.fields.values())}", body)]


def _read(item: _Item) -> Sequence[IncomingEvent]:
    message_id = item.part.identifier("mid", "")
    until_at_us = instant_us(item.part, "watermark") or 0
    if not message_id and not until_at_us:
        item.part.complain("watermark", "is missing")
    body = Receipt("read", (message_id,) if message_id else (), until_at_us)
    return [item.here.event(f"read:{digest(item.fields.values())}", body)]


def _delivery(item: _Item) -> Sequence[IncomingEvent]:
    message_ids = tuple(item.part.texts("mids", limit=_MOST_RECEIPTS))
    until_at_us = instant_us(item.part, "watermark") or 0
    if not message_ids and not until_at_us:
        item.part.complain("watermark", "is missing")
    body = Receipt("delivered", message_ids, until_at_us)
    return [item.here.event(f"delivery:{digest(item.fields.values())}", body)]


def _postback(item: _Item) -> Sequence[IncomingEvent]:
    message_id = item.part.identifier("mid", "") or f"postback:{digest(item.fields.values())}"
    body = WrittenMessage(
        message_id=message_id,
        author_kind="agent" if item.by_business else "customer",
        author_name=item.author_name,
        text=item.part.text("title", "", limit=TEXT_LIMIT),
        payload=item.part.text("payload", "", limit=TEXT_LIMIT),
    )
    return [item.here.event(message_id, body)]


def _feedback(item: _Item) -> Sequence[IncomingEvent]:
    answers = read_feedback(item.part)
    if not answers:
        item.part.complain("feedback_screens", "holds no score of a known kind")
    base = f"feedback:{digest(item.fields.values())}"
    return [item.here.event(f"{base}:{index}", answer) for index, answer in enumerate(answers)]


_READERS: Mapping[str, Callable[[_Item], Sequence[IncomingEvent]]] = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "read": _read,
    "delivery": _delivery,
    "postback": _postback,
    "messaging_feedback": _feedback,
}
