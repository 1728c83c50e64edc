"""Pressed buttons, picked options and slash commands, which arrive as forms."""

from __future__ import annotations

from services.gateway.channels.platform_json import child, understood
from services.gateway.channels.slack.frame import (
    KIND,
    thread,
    time_us,
    type_name,
    unrecognised,
)
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent, WrittenMessage

_MOST_ACTIONS = 100
_PRESSES = ("block_actions", "interactive_message")
# What an element's picked value is called, by kind of element.
_PICKED = (
    "selected_date",
    "selected_time",
    "selected_user",
    "selected_channel",
    "selected_conversation",
)


def interaction(payload: Fields, body: bytes, fallback_id: str) -> list[IncomingEvent]:
    """Read a press, one event an element; what belongs to no message is kept as it came."""
    kind = payload.text("type", "")
    name = type_name(kind)
    if kind not in _PRESSES or not _channel(payload):
        return [_kept(payload, body, fallback_id)]
    actions = payload.entries("actions", limit=_MOST_ACTIONS)
    if not actions:
        return [unrecognised(name, fallback_id, body, "actions is empty")]
    return [
        _one(payload, action, body, f"{fallback_id}:{index}")
        for index, action in enumerate(actions)
    ]


def _kept(payload: Fields, body: bytes, fallback_id: str) -> IncomingEvent:
    """Keep a form, a shortcut or a press outside of messages, with who it was and when."""
    name = type_name(payload.text("type", ""))
    event_id = payload.text("trigger_id", "") or fallback_id
    return understood(
        lambda: IncomingEvent(
            event_id,
            KIND,
            _place(payload),
            UnrecognisedEvent(name, body),
            time_us(payload, "action_ts"),
            child(payload, "user").text("id", ""),
        ),
        lambda reason: unrecognised(name, event_id, body, reason),
    )


def _channel(payload: Fields) -> str:
    return child(payload, "channel").text("id", "") or child(payload, "container").text(
        "channel_id", ""
    )


def _place(payload: Fields) -> str:
    """Return the thread of the message that a shortcut was used on, else the channel."""
    message = child(payload, "message")
    sent = payload.text("message_ts", "") or message.text("ts", "")
    return thread(_channel(payload), "", sent, message.text("thread_ts", ""))


def _one(payload: Fields, action: Fields, body: bytes, fallback_id: str) -> IncomingEvent:
    name = type_name(payload.text("type", ""))
    return understood(
        lambda: _press(payload, action, fallback_id),
        lambda reason: unrecognised(name, fallback_id, body, reason),
    )


def _press(payload: Fields, action: Fields, fallback_id: str) -> IncomingEvent:
    container, message = child(payload, "container"), child(payload, "message")
    original = child(payload, "original_message")
    sent = payload.text("message_ts", "") or container.text("message_ts", "")
    sent = sent or message.text("ts", "")
    user = payload.object("user")
    timed = action if "action_ts" in action else payload
    at_us = time_us(timed, "action_ts")
    value, title = _value(action)
    title = title or _title_within(original, action)
    message_id = f"{sent}:{action.text('action_id', '') or action.text('name', '')}"
    body = WrittenMessage(
        message_id=f"{message_id}:{at_us}" if at_us else fallback_id,
        author_kind="customer",
        author_name=user.text("name", "") or user.text("username", ""),
        text=title,
        reply_to_message_id=sent,
        payload=value,
    )
    places = (message, container, original, child(payload, "event"))
    roots = (one.text("thread_ts", "") for one in places)
    placed = thread(_channel(payload), "", sent, next(filter(None, roots), ""))
    return IncomingEvent(body.message_id, KIND, placed, body, at_us, user.text("id"))


def _value(action: Fields) -> tuple[str, str]:
    """Return what a press stands for, and what stood on it."""
    options = [child(action, "selected_option")]
    options += action.objects("selected_options", limit=_MOST_ACTIONS)
    values = [one.text("value", "", limit=TEXT_LIMIT) for one in options if one.names()]
    titles = [_title(one) for one in options if one.names()]
    if values:
        return ",".join(values), ", ".join(filter(None, titles))
    picked = next(filter(None, (action.text(name, "") for name in _PICKED)), "")
    value = action.text("value", "", limit=TEXT_LIMIT) or picked
    return value or action.text("action_id", ""), _title(action) or picked


def _title_within(original: Fields, action: Fields) -> str:
    """Return what stood on an old button, which only the message with the button tells."""
    pressed = (action.text("name", ""), action.text("value", "", limit=TEXT_LIMIT))
    for card in original.objects("attachments", limit=_MOST_ACTIONS):
        for one in card.objects("actions", limit=_MOST_ACTIONS):
            if (one.text("name", ""), one.text("value", "", limit=TEXT_LIMIT)) == pressed:
                return _title(one)
    return ""


def _title(element: Fields) -> str:
    text = element.values().get("text")
    if isinstance(text, dict):
        return element.object("text").text("text", "", limit=TEXT_LIMIT)
    return element.text("text", "", limit=TEXT_LIMIT)


def command(fields: Fields, fallback_id: str, at_us: int | None) -> IncomingEvent:
    """Read a slash command, which has neither time nor message: only the press of Enter."""
    message_id = fields.text("trigger_id", "") or fallback_id
    text = f"{fields.text('command')} {fields.text('text', '', limit=TEXT_LIMIT)}".strip()
    body = WrittenMessage(
        message_id=message_id,
        author_kind="customer",
        author_name=fields.text("user_name", ""),
        text=text,
    )
    placed = fields.text("channel_id")
    return IncomingEvent(message_id, KIND, placed, body, at_us, fields.text("user_id"))
