"""What the gateway understands of a payload, as JSON for people and scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.gateway.channels.loose import digest
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

# Where those who record requests put the body.
_WITHIN = ("body", "payload", "data", "rawBody", "raw_body")
# What is not closed goes on to the end, so that no byte is read twice.
_TEXT = rb'("(?:[^"\\]|\\.)*+"?)'
_REMARK = re.compile(_TEXT + rb"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?", re.DOTALL)
_TRAILING_COMMA = re.compile(_TEXT + rb"|,(?=\s*+[}\]])", re.DOTALL)
# How many times a payload may be wrapped into another document.
_DEEPEST = 3

# Of a message these are always there, so that a reader need not ask.
_ALWAYS = frozenset({"message_id", "author_kind", "author_name", "text", "attachments"})


def parse_file(channel: Channel, request: InboundRequest) -> list[IncomingEvent]:
    """Parse a captured payload, or several.

    Several are a JSON list, one JSON object a line, or an object of named payloads. Each may be a
    text, as XML within JSON is, and stand in the request that it came with.

    Raise ``InvalidRequestError`` for what is none of these.
    """
    return _parse(channel, request, _DEEPEST)


def _parse(channel: Channel, request: InboundRequest, levels: int) -> list[IncomingEvent]:
    try:
        whole = list(channel.parse(request))
    except InvalidRequestError:
        bodies = _several(request.body) if levels else ()
        if not bodies:
            raise
        return _each(channel, request, bodies, levels)
    if levels and whole and not any(map(_is_understood, whole)):
        with suppress(InvalidRequestError):
            within = _each(channel, request, _several(request.body), levels)
            if any(map(_is_understood, within)):
                return within
    return whole


def _each(
    channel: Channel, request: InboundRequest, bodies: Sequence[bytes], levels: int
) -> list[IncomingEvent]:
    """Parse each; one that is refused takes no other with it, unless all are."""
    found: list[IncomingEvent] = []
    refusals: list[InvalidRequestError] = []
    for body in bodies:
        try:
            found += _parse(channel, replace(request, body=body), levels - 1)
        except InvalidRequestError as error:
            refusals.append(error)
            refused = UnrecognisedEvent("payload", body, f"{error.place} {error.problem}")
            found.append(IncomingEvent(digest(body), channel.kind, "", refused, None))
    if bodies and len(refusals) == len(bodies):
        raise refusals[0]
    return found


def _is_understood(event: IncomingEvent) -> bool:
    return not (isinstance(event.body, UnrecognisedEvent) and event.body.reason)


def _several(body: bytes) -> Sequence[bytes]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _several_lines(body)
    if isinstance(document, list):
        return [_as_body(one) for one in document]
    if isinstance(document, str):
        return [_as_body(document)]
    if not isinstance(document, dict):
        return ()
    within = next((document[name] for name in _WITHIN if _is_payload(document.get(name))), None)
    if within is not None:
        return [_as_body(within)]
    named = list(document.values())
    return [_as_body(one) for one in named] if all(map(_is_payload, named)) else ()


def _several_lines(body: bytes) -> Sequence[bytes]:
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 1 and all(line[:1] == b"{" for line in lines):
        return lines
    plain = _without_remarks(body)
    return [plain] if plain != body else ()


def _without_remarks(body: bytes) -> bytes:
    """Return JSON as the documentation prints it without its remarks and its trailing commas."""
    plain = _REMARK.sub(_text_alone, body)
    return _TRAILING_COMMA.sub(_text_alone, plain)


def _text_alone(found: re.Match[bytes]) -> bytes:
    return found[1] or b""


def _is_payload(value: object) -> bool:
    if isinstance(value, str):
        return value.lstrip()[:1] in {"{", "[", "<"}
    return isinstance(value, dict | list)


def _as_body(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="surrogateescape")
    try:
        return json.dumps(value).encode()
    except RecursionError:
        raise InvalidRequestError("body", "is nested too deeply") from None


def as_dict(event: IncomingEvent) -> dict[str, Any]:
    """Return one flat object: what every event has, then what its body says.

    ``type`` names the body ("written_message", "receipt", …). Empty fields are left out, but for
    those that every message has.
    """
    told: dict[str, Any] = {
        "event_id": event.event_id,
        "type": _snake(type(event.body).__name__),
        "channel": event.channel,
        "thread_id": event.thread_id,
        "author_id": event.author_id,
        "occurred_at": _iso(event.occurred_at_us),
        "occurred_at_us": event.occurred_at_us,
    }
    if event.brand_id:
        told["brand_id"] = event.brand_id
    if isinstance(event.body, UnrecognisedEvent):
        told["event_type"] = event.body.type
        if event.body.reason:
            told["reason"] = event.body.reason
        return told
    always = _ALWAYS if isinstance(event.body, WrittenMessage) else frozenset()
    return told | dict(_told(event.body, always))


def _told(body: Any, always: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    for field in fields(body):
        value = getattr(body, field.name)
        if field.name == "content":
            continue
        if value or field.name in always or (value == 0 and value is not False):
            yield field.name, _plain(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return dict(_told(value))
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _iso(at_us: int | None) -> str | None:
    if at_us is None:
        return None
    seconds, micros = divmod(at_us, 1_000_000)
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(microsecond=micros).isoformat().replace("+00:00", "Z")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
