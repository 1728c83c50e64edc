"""X: signed webhooks that carry one or more events of one of the organisation's accounts."""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.platform_json import child, milliseconds, understood
from services.gateway.channels.x import activity, posts
from services.gateway.channels.x.captures import enveloped
from services.gateway.channels.x.direct_messages import (
    direct_message,
    first_direct_message,
    reading,
)
from services.gateway.channels.x.settings import XSettings
from services.gateway.domain.fields import Fields, read_object
from services.gateway.domain.inbound import Answer, InboundRequest, RefusedError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent

SIGNATURE_HEADER = "x-twitter-webhooks-signature"
_CHALLENGE = "crc_token"
# X hashes the challenge as it hashes a body. Whoever could have a body hashed here could forge
# one: hence no brace, quote or space, without which nothing is a payload.
_CHALLENGE_SHAPE = re.compile(r"[A-Za-z0-9_+/=.~-]{1,512}")
_MOST_EVENTS = 1_000
_TYPE = re.compile(r"[A-Za-z_.]{1,64}")
_UNNAMED = "event"


class XChannel(PlatformChannel):
    """``POST /v1/x/{organisation}/{account}``, and ``GET`` for the challenge (CRC)."""

    kind = posts.KIND
    path = "/v1/x"
    settings = XSettings

    def handshake(self, request: InboundRequest, settings: XSettings, now_us: int) -> Answer | None:
        _ = now_us
        token = request.query.get(_CHALLENGE)
        if request.method != "GET" or token is None:
            return None
        if not _CHALLENGE_SHAPE.fullmatch(token):
            raise RefusedError(f"{_CHALLENGE} is no challenge of X")
        answer = {"response_token": _signature(settings.secrets[0], token.encode())}
        return Answer(json.dumps(answer).encode(), "application/json")

    def verify(self, request: InboundRequest, settings: XSettings, now_us: int) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        expected = [_signature(secret, request.body).encode() for secret in settings.secrets]
        matches = [hmac.compare_digest(one, offered) for one in expected]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        payload = enveloped(read_object(request.body))
        if "data" in payload:
            return _version_2(payload, request.body)
        return _account_activity(payload, payload.identifier("for_user_id", ""), request.body)


def _direct_message(entry: Fields, own_id: str, users: Fields) -> IncomingEvent:
    """Read a direct message of any of the three versions, which captures mix."""
    if "message_create" in entry or "sender_id" not in entry:
        return direct_message(entry, own_id, users)
    if "recipient_id" in entry:
        return first_direct_message(entry, own_id)
    return activity.direct_message(entry, Fields({}, ""), own_id)


_Reader = Callable[[Fields, str, Fields], IncomingEvent]
_READERS: Mapping[str, _Reader] = {
    "tweet_create_events": lambda entry, own_id, _: posts.post(entry, own_id),
    "favorite_events": lambda entry, *_: posts.like(entry),
    "tweet_delete_events": lambda entry, *_: posts.deletion(entry),
    "direct_message_events": _direct_message,
    "direct_message_mark_read_events": lambda entry, own_id, _: reading(entry, own_id),
}


def _signature(secret: str, content: bytes) -> str:
    return "sha256=" + b64encode(hmac.digest(secret.encode(), content, sha256)).decode()


def _account_activity(payload: Fields, own_id: str, body: bytes) -> list[IncomingEvent]:
    events = [
        _entry(name, entry, own_id, payload)
        for name in payload.names()
        if name.endswith("_events")
        for entry in payload.entries(name, limit=_MOST_EVENTS)
    ]
    if events:
        return events
    if "user_event" in payload:
        return [_user_event(payload.object("user_event"), body)]
    names = [name for name in payload.names() if name not in ("for_user_id", "users", "apps")]
    kind = names[0] if names and _TYPE.fullmatch(names[0]) else _UNNAMED
    return [_unrecognised(kind, sha256(body).hexdigest(), body)]


def _user_event(event: Fields, body: bytes) -> IncomingEvent:
    """Keep that a user withdrew the app's permission, with who and when."""
    plain = _unrecognised("user_event", sha256(body).hexdigest(), body)
    revoked = event.values().get("revoke")
    told = Fields(revoked if isinstance(revoked, dict) else {}, "user_event.revoke")
    return understood(
        lambda: replace(
            plain,
            occurred_at_us=told.instant("date_time"),
            author_id=child(told, "source").identifier("user_id", ""),
        ),
        lambda _: plain,
    )


def _entry(name: str, entry: Fields, own_id: str, payload: Fields) -> IncomingEvent:
    reader = _READERS.get(name)
    if reader is None:
        return _other(name, entry)
    return understood(
        lambda: reader(entry, own_id, child(payload, "users")),
        lambda reason: _unrecognised(name, _digest(entry), entry.as_json(), reason),
    )


def _other(name: str, entry: Fields) -> IncomingEvent:
    """Keep follows, blocks, typing and what may come, with author and time where they are told."""
    source = entry.values().get("source")
    kind = entry.values().get("type")
    known = kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else name
    plain = _unrecognised(known, _digest(entry), entry.as_json())
    return understood(
        lambda: IncomingEvent(
            plain.event_id,
            plain.channel,
            "",
            plain.body,
            milliseconds(entry, "created_timestamp"),
            posts.user_id(entry.object("source"))
            if isinstance(source, dict)
            else entry.identifier("sender_id", ""),
        ),
        lambda _: plain,
    )


def _version_2(payload: Fields, body: bytes) -> list[IncomingEvent]:
    """Read one object, or the list with which the API answers."""
    includes = child(payload, "includes")
    if not isinstance(payload.values()["data"], list):
        return _version_2_object(payload.object("data"), includes, body)
    return [
        event
        for entry in payload.entries("data", limit=_MOST_EVENTS)
        for event in _version_2_object(entry, includes, entry.as_json())
    ]


def _version_2_object(data: Fields, includes: Fields, body: bytes) -> list[IncomingEvent]:
    named = data.values().get("event_type")
    kind = named if isinstance(named, str) else ""
    inner = child(data, "payload")
    own_id = child(data, "filter").identifier("user_id", "")
    if kind and any(name.endswith("_events") for name in inner.names()):
        return _account_activity(inner, own_id, body)
    event_id = data.identifier("event_uuid", "") or sha256(body).hexdigest()
    name = kind if _TYPE.fullmatch(kind) else _UNNAMED
    other = _unrecognised(name, event_id, body)

    def read() -> IncomingEvent:
        if "payload" in data:
            within = child(data, "includes") if "includes" in data else includes
            return activity.activity(data, within, own_id) or other
        if kind or "dm_conversation_id" in data:
            is_message = kind in ("", activity.MESSAGE)
            return activity.direct_message(data, includes, own_id) if is_message else other
        return activity.post(data, includes, own_id)

    return [understood(read, lambda reason: _unrecognised(name, event_id, body, reason))]


def _digest(entry: Fields) -> str:
    return sha256(entry.as_json()).hexdigest()


def _unrecognised(name: str, event_id: str, payload: bytes, reason: str = "") -> IncomingEvent:
    body = UnrecognisedEvent(name, payload, reason)
    return IncomingEvent(event_id, posts.KIND, "", body, None)
