"""A webhook's body in pieces, each read for itself: one that is not understood takes no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from services.gateway.channels.loose import as_text, moment_us
from services.gateway.channels.meta.envelope import LISTS, in_envelope
from services.gateway.domain.fields import Fields, read_object
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import IncomingBody, IncomingEvent, UnrecognisedEvent

# Meta puts up to 1000 updates into one request.
MOST_PIECES = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_TYPE = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One object's news: a page, an Instagram or a WhatsApp business account."""

    fields: Fields
    account_id: str
    # Microseconds since the epoch, UTC: when Meta put the batch together.
    batched_at_us: int | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where the events of one piece belong, and when they happened."""

    channel: str
    thread_id: str = ""
    author_id: str = ""
    occurred_at_us: int | None = None

    def event(self, event_id: str, body: IncomingBody) -> IncomingEvent:
        return IncomingEvent(
            event_id, self.channel, self.thread_id, body, self.occurred_at_us, self.author_id
        )

    def unrecognised(
        self, name: str, value: object, reason: str = "", *, event_id: str = ""
    ) -> IncomingEvent:
        """Keep what is authentic and not understood; the name is what Meta calls it."""
        known = as_text(name)[:_LONGEST_TYPE]
        body = UnrecognisedEvent(known, _as_bytes(value), as_text(reason))
        return self.event(event_id or f"{known}:{digest(value)}", body)


def read_entries(
    body: bytes, channel: str, read: Callable[[Entry], Sequence[IncomingEvent]]
) -> list[IncomingEvent]:
    """Read a webhook's entries, also of one that a relay has taken out of its envelope."""

    def read_one(fields: Fields) -> Sequence[IncomingEvent]:
        if not LISTS & set(fields.names()):  # a list of webhooks, or of what stands in them
            whole = in_envelope(fields)
            return each(whole, "entry", read_one, Conversation(channel))
        return read(Entry(fields, fields.identifier("id", ""), instant_us(fields, "time")))

    listed = body.lstrip().startswith(b"[")
    root = read_object(b'{"entry":' + body + b"}" if listed else body)
    return each(in_envelope(root), "entry", read_one, Conversation(channel))


def each(
    parent: Fields,
    name: str,
    read: Callable[[Fields], Sequence[IncomingEvent]],
    otherwise: Conversation,
) -> list[IncomingEvent]:
    """Read every item of a list; what is not understood is kept with the reason."""
    values = parent.values().get(name)
    if values is None:
        return []
    items = values if isinstance(values, list) else [values]
    if len(items) > MOST_PIECES:
        parent.complain(name, f"has {len(items)} entries; at most {MOST_PIECES} are allowed")
    found: list[IncomingEvent] = []
    for index, value in enumerate(items):
        place = parent.place_of(f"{name}[{index}]")
        if not isinstance(value, dict):
            found.append(otherwise.unrecognised(name, value, f"{place} is no object"))
            continue
        try:
            found.extend(read(Fields(value, place)))
        except InvalidRequestError as error:
            found.append(otherwise.unrecognised(name, value, str(error)))
    return found


def instant_us(fields: Fields, name: str) -> int | None:
    """Return a time: Meta writes seconds or milliseconds, as a number or a text, or ISO 8601.

    What is no time is none: what somebody wrote counts without it.
    """
    return moment_us(fields.values().get(name))


def digest(value: object) -> str:
    """Name what has no id: the same however often, and in whatever company, it is sent."""
    return sha256(_as_bytes(value, sort_keys=True)).hexdigest()[:32]


def _as_bytes(value: object, *, sort_keys: bool = False) -> bytes:
    return json.dumps(value, sort_keys=sort_keys, separators=(",", ":")).encode()


def in_order(events: Iterable[IncomingEvent]) -> list[IncomingEvent]:
    """Return the oldest first; what has no time goes first, in the order it came in."""
    return sorted(events, key=lambda event: event.occurred_at_us or 0)
