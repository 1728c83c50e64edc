"""What all of Slack's requests share: times, threads, and what is kept as it came."""

from __future__ import annotations

import re

from services.gateway.domain.fields import Fields
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent

KIND = "slack"
_TIME = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?")
_TYPE = re.compile(r"[a-zA-Z_.]{1,64}")
_UNNAMED = "event"


def time_us(fields: Fields, name: str) -> int | None:
    """Return a time like "1652227646.593159" as microseconds since the epoch; None when absent."""
    if name not in fields or fields.values()[name] == "":
        return None
    match = _TIME.fullmatch(fields.identifier(name))
    if match is None:
        fields.complain(name, 'is not a time like "1652227646.593159"')
    whole, fraction = match.groups(default="")
    return (int(whole) * 1_000_000 + int(fraction.ljust(6, "0"))) or None


def thread(channel: str, channel_type: str, sent: str, root: str) -> str:
    """Return the channel and its thread's root.

    Who writes directly has one thread, unless they answer in one. ``sent`` and ``root`` are the
    times of the message and of the one that began the thread, "" where none did.
    """
    is_direct = channel_type in ("im", "mpim", "app_home") or channel.startswith("D")
    begun = root or ("" if is_direct else sent)
    return ":".join(filter(None, (channel, begun)))


def type_name(*names: str) -> str:
    """Return a type for what is kept, from Slack's own names of it."""
    name = ".".join(filter(None, names))
    return name if _TYPE.fullmatch(name) else _UNNAMED


def unrecognised(name: str, event_id: str, payload: bytes, reason: str = "") -> IncomingEvent:
    return IncomingEvent(event_id, KIND, "", UnrecognisedEvent(name, payload, reason), None)
