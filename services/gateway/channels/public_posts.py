"""What public posts, reviews and comments of all platforms have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from services.gateway.domain.fields import Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import Engagement, IncomingEvent, UnrecognisedEvent

# In bytes and entries: a page of a platform's API is far smaller.
LARGEST_PAGE = 16 * 1024 * 1024
MOST_ENTRIES = 10_000


def read_json(body: bytes) -> object:
    """Parse a body that may be a list as well. Raise ``InvalidRequestError``."""
    if len(body) > LARGEST_PAGE:
        raise InvalidRequestError("body", f"has more than {LARGEST_PAGE} bytes")
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    except ValueError:
        raise InvalidRequestError("body", "is not JSON") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def digest(*parts: str | bytes) -> str:
    """Return a short name of what was said; the same words give the same name."""
    sha = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogatepass")
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()[:24]


def identifier(fields: Fields, name: str, default: str | None = None) -> str:
    """Return an identifier that some platforms write as a text and some as a number."""
    return fields.identifier(name, default)


def count(fields: Fields, name: str) -> int | None:
    """Return a count, or None where the platform did not say (some write -1 for that)."""
    if name not in fields:
        return None
    number = int(fields.number(name))
    return number if number >= 0 else None


def engagement_event(
    channel: str, thread_id: str, engagement: Engagement, brand_id: str = ""
) -> list[IncomingEvent]:
    """Return the counts as an event, or nothing when there are none yet.

    Its id holds the counts, so that the same counts shown again are a repeat.
    """
    counts = (engagement.likes, engagement.shares, engagement.replies, engagement.reach)
    if not any(counts):
        return []
    shown = digest(",".join("" if number is None else str(number) for number in counts))[:12]
    event_id = f"engagement:{engagement.message_id}:{shown}"
    return [IncomingEvent(event_id, channel, thread_id, engagement, None, brand_id=brand_id)]


def unrecognised(
    channel: str, kind: str, entry: object, *, reason: str = "", event_id: str = ""
) -> IncomingEvent:
    """Keep an entry as it came."""
    try:
        payload = entry if isinstance(entry, bytes) else json.dumps(entry).encode()
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    return IncomingEvent(
        event_id=event_id or f"{kind}:{digest(payload)}",
        channel=channel,
        thread_id="",
        body=UnrecognisedEvent(kind, payload, reason),
        occurred_at_us=None,
    )


def each(
    channel: str,
    kind: str,
    entries: Sequence[object],
    read: Callable[[Fields], Sequence[IncomingEvent]],
    place: str,
) -> list[IncomingEvent]:
    """Read every entry; a bad one is kept as it came and does not take the others with it."""
    if len(entries) > MOST_ENTRIES:
        raise InvalidRequestError(place, f"has more than {MOST_ENTRIES} entries")
    found: list[IncomingEvent] = []
    for index, entry in enumerate(entries):
        try:
            found += read(as_fields(entry, f"{place}[{index}]"))
        except InvalidRequestError as error:
            found.append(unrecognised(channel, kind, entry, reason=str(error)))
    return found


def as_fields(value: object, place: str) -> Fields:
    if not isinstance(value, Mapping):
        raise InvalidRequestError(place or "body", "is not a JSON object")
    return Fields(value, place)
