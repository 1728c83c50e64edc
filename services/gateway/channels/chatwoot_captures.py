"""What captures hold beside Chatwoot's webhooks: its API's answers, its sockets' events."""

from __future__ import annotations

from services.gateway.channels.loose import Loose

PAGES = ("payload", "data")

_KINDS = ("message", "conversation", "contact")


def is_told(entry: Loose) -> bool:
    return bool(entry.text("event")) or _is_message(entry) or _is_conversation(entry)


def plain(entry: Loose) -> Loose:
    """Return an event as a webhook tells it: its object's fields, and the event's name."""
    # Sockets say "message.created".
    event = entry.text("event")
    kind, dot, what = event.partition(".")
    event = f"{kind}_{what}" if dot and kind in _KINDS else event
    inner = entry.object("data")
    if event and inner:
        return Loose({**inner.values, "event": event})
    message = entry.object("message")
    if event.startswith("message_") and message:
        beside = {name: value for name, value in entry.values.items() if name != "message"}
        return Loose({**beside, **message.values, "event": event})
    if not event and _is_message(entry):
        return Loose({**entry.values, "event": "message_created"})
    if not event and _is_conversation(entry):
        # It comes with its latest messages, as a rule sends it.
        return Loose({**entry.values, "event": "automation_event.conversation_updated"})
    return Loose({**entry.values, "event": event})


def _is_message(entry: Loose) -> bool:
    told = "content" in entry or "attachments" in entry
    return "message_type" in entry and told


def _is_conversation(entry: Loose) -> bool:
    told = "messages" in entry or "meta" in entry
    return "id" in entry and "status" in entry and told
