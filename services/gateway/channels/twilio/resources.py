"""Twilio's REST resources, named as its callbacks name the same facts."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import parse_qsl

from services.gateway.channels.loose import Loose
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage

PAGES = ("messages", "calls")

_CHANNEL = "twilio"
_NAMED = (
    "MessageSid",
    "messageSid",
    "SmsSid",
    "CallSid",
    "callSid",
    "ConversationSid",
    "EventType",
)
# Between the fields of a form that was copied out of a log.
_BREAKS = re.compile(rb"[ \t]*[\r\n]+[ \t]*&?|&[ \t]*[\r\n]+")
_MOST_FIELDS = 2_000


def is_told(entry: Loose) -> bool:
    """Tell whether it is a callback's fields, an event of a stream or a resource."""
    if any(name in entry for name in _NAMED) or _kind(entry):
        return True
    if "headers" in entry and forwarded(entry.values.get("body")):
        return True
    return "data" in entry and "type" in entry and ("specversion" in entry or "id" in entry)


def one_line(form: bytes) -> bytes:
    """Return a form without line ends, which none has until somebody writes it to a file."""
    form = form.strip()
    if form[:1] == form[-1:] == b'"':
        form = form[1:-1]
    return _BREAKS.sub(b"&", form)


def forwarded(body: object) -> Loose:
    """Return the fields of a form that a function platform hands on within JSON, maybe base64."""
    if not isinstance(body, str):
        return Loose()
    if "=" not in body.rstrip("="):
        body = _decoded(body)
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return Loose()
    found = Loose(dict(reversed(pairs)))
    return found if any(name in found for name in _NAMED) else Loose()


def _decoded(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode(errors="replace")
    except ValueError:
        return ""


def as_callback(entry: Loose) -> Loose:
    """Return a resource's facts under a callback's names; what is no resource as it came."""
    kind = _kind(entry)
    if not kind:
        return entry
    facts: dict[str, object] = {"From": entry.text("from"), "To": entry.text("to")}
    if kind == "call":
        facts |= {
            "CallSid": entry.text("sid"),
            "ParentCallSid": entry.text("parent_call_sid"),
            "CallStatus": entry.text("status"),
            "CallDuration": entry.text("duration"),
            "Direction": entry.text("direction"),
            "Timestamp": entry.text("end_time", "start_time", "date_created"),
        }
    elif kind == "conversation":
        facts |= {
            "EventType": "onMessageAdded",
            "ConversationSid": entry.text("conversation_sid", "channel_sid"),
            "MessageSid": entry.text("sid"),
            "Author": entry.text("author", "from"),
            "Body": entry.text("body"),
            "Media": entry.values.get("media"),
            "DateCreated": entry.text("date_created"),
        }
    else:
        facts |= {
            "MessageSid": entry.text("sid"),
            "Body": entry.text("body"),
            "SmsStatus": "received",
            "Timestamp": entry.text("date_sent", "date_created"),
        }
    return Loose(facts)


def sent_message(entry: Loose) -> list[IncomingEvent]:
    """Return what the organisation wrote, where a resource says so; else nothing."""
    direction = entry.text("direction")
    if _kind(entry) != "message" or not direction.startswith("outbound"):
        return []
    body = WrittenMessage(
        message_id=entry.text("sid"),
        # A reply is what a script answered at once.
        author_kind="bot" if direction == "outbound-reply" else "agent",
        author_name="",
        text=entry.text("body"),
        reply_address=entry.text("from"),
    )
    at_us = entry.moment_us("date_sent", "date_created")
    author, thread = entry.text("from", "messaging_service_sid"), entry.text("to")
    return [IncomingEvent(body.message_id, _CHANNEL, thread, body, at_us, author_id=author)]


def _kind(entry: Loose) -> str:
    sid = entry.text("sid")
    if sid.startswith("IM") and ("conversation_sid" in entry or "channel_sid" in entry):
        return "conversation"
    if sid.startswith("CA") and "status" in entry:
        return "call"
    return "message" if sid[:2] in ("SM", "MM") and "to" in entry else ""
