"""The Events API: one event a request, in an envelope that names it."""

from __future__ import annotations

from services.gateway.channels.platform_json import child, seconds, understood
from services.gateway.channels.slack.frame import (
    KIND,
    thread,
    time_us,
    type_name,
    unrecognised,
)
from services.gateway.channels.slack.messages import Own, author_of, written
from services.gateway.domain.fields import ID_LIMIT, Fields
from services.gateway.domain.incoming import (
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    UnrecognisedEvent,
)

_MOST_AUTHORIZATIONS = 100
# The kinds of message that somebody wrote; the others tell what happened to a channel.
_WRITTEN = (
    "",
    "assistant_app_thread",
    "bot_message",
    "file_comment",
    "file_share",
    "me_message",
    "reply_broadcast",
    "slackbot_response",
    "thread_broadcast",
)


def event_of(envelope: Fields, body: bytes, fallback_id: str) -> IncomingEvent:
    """Read an envelope. ``fallback_id`` names it where it has no id of its own."""
    event_id = envelope.text("event_id", "") or fallback_id
    event = child(envelope, "event")
    kind = event.values().get("type")
    subtype = event.values().get("subtype")
    name = type_name(
        kind if isinstance(kind, str) else "", subtype if isinstance(subtype, str) else ""
    )
    return understood(
        lambda: _read(envelope, event, event_id, name, body),
        lambda reason: unrecognised(name, event_id, body, reason),
    )


def _read(envelope: Fields, event: Fields, event_id: str, name: str, body: bytes) -> IncomingEvent:
    kind = event.text("type")
    at_us = time_us(event, "event_ts") or seconds(envelope, "event_time")
    if kind in ("message", "app_mention"):
        subtype = event.text("subtype", "")
        if subtype == "message_changed":
            return _changed(envelope, event, event_id, at_us)
        if subtype == "message_deleted":
            return _deleted(event, event_id, at_us)
        if subtype in _WRITTEN:
            return _written(envelope, event, event_id, at_us)
    if kind in ("reaction_added", "reaction_removed"):
        return _reaction(event, event_id, at_us, removed=kind == "reaction_removed")
    return IncomingEvent(
        event_id, KIND, _place(event), UnrecognisedEvent(name, body), at_us, _actor(event)
    )


def _place(event: Fields) -> str:
    """Return the channel that a notice is about; some notices hold all of the channel instead."""
    begun = child(event, "assistant_thread")
    if "channel_id" in begun:
        sent = begun.text("thread_ts", "")
        return thread(begun.text("channel_id", ""), "", sent, sent)
    item = child(event, "item") if isinstance(event.values().get("item"), dict) else event
    channel = event.values().get("channel") or item.values().get("channel")
    if isinstance(channel, dict):
        channel = channel.get("id")
    if not isinstance(channel, str) or len(channel) > ID_LIMIT:
        return ""
    root = event.text("thread_ts", "")
    return thread(channel, "", root, root)


def _actor(event: Fields) -> str:
    user = event.values().get("user")
    if isinstance(user, dict):
        return event.object("user").text("id", "")
    named = event.text("user", "") or event.text("user_id", "")
    return named or child(event, "assistant_thread").text("user_id", "")


def _written(envelope: Fields, event: Fields, event_id: str, at_us: int | None) -> IncomingEvent:
    message = written(event, event.text("ts"), _own(envelope), edited=False)
    placed = _thread(event, event.text("ts"), event.text("thread_ts", ""))
    return _event(event_id, placed, message, time_us(event, "ts") or at_us, author_of(event))


def _changed(envelope: Fields, event: Fields, event_id: str, at_us: int | None) -> IncomingEvent:
    """Read an edit; a deleted message with answers stays as a tombstone, by way of an "edit"."""
    message, previous = event.object("message"), child(event, "previous_message")
    sent = message.text("ts", "") or previous.text("ts", "") or event.text("ts")
    placed = _thread(event, sent, message.text("thread_ts", "") or previous.text("thread_ts", ""))
    if message.text("subtype", "") == "tombstone":
        return _event(event_id, placed, MessageDeletion(sent), at_us, author_of(previous))
    body = written(message, sent, _own(envelope), edited=True)
    return _event(event_id, placed, body, at_us, author_of(message))


def _deleted(event: Fields, event_id: str, at_us: int | None) -> IncomingEvent:
    previous = child(event, "previous_message")
    sent = event.text("deleted_ts", "") or previous.text("ts")
    placed = _thread(event, sent, previous.text("thread_ts", ""))
    return _event(event_id, placed, MessageDeletion(sent), at_us, author_of(previous))


def _reaction(event: Fields, event_id: str, at_us: int | None, *, removed: bool) -> IncomingEvent:
    """Read a reaction. Slack does not tell the thread: it is taken for its root's."""
    item = event.object("item")
    if item.text("type", "message") != "message":
        item.complain("type", "is no message")
    sent = item.text("ts")
    body = Reaction(sent, event.text("reaction"), removed)
    placed = thread(item.text("channel"), "", sent, "")
    return _event(event_id, placed, body, at_us, event.text("user", ""))


def _event(
    event_id: str, thread_id: str, body: IncomingBody, at_us: int | None, author_id: str
) -> IncomingEvent:
    return IncomingEvent(event_id, KIND, thread_id, body, at_us, author_id)


def _thread(event: Fields, sent: str, root: str) -> str:
    return thread(event.text("channel", ""), event.text("channel_type", ""), sent, root)


def _own(envelope: Fields) -> Own:
    """Return the app's own users, and its team where a channel is shared with other companies."""
    authorizations = envelope.objects("authorizations", limit=_MOST_AUTHORIZATIONS)
    is_shared = envelope.flag("is_ext_shared_channel")
    return Own(
        frozenset(one.text("user_id", "") for one in authorizations if one.flag("is_bot")),
        frozenset(one.text("team_id", "") for one in authorizations if is_shared) - {""},
    )
