"""Mastodon: statuses and notifications, streamed, fetched, or pushed by a server's own webhooks.

``parse`` reads all the forms: server-sent events, WebSocket messages, a status, a list of statuses
or notifications, and the signed webhook of a server's administrator.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.mastodon_groups import ungrouped
from services.gateway.channels.mastodon_statuses import Own, read_notification, read_status
from services.gateway.channels.public_posts import (
    MOST_ENTRIES,
    as_fields,
    digest,
    each,
    read_json,
    unrecognised,
)
from services.gateway.domain.fields import Fields
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import IncomingEvent, MessageDeletion, UnrecognisedEvent

SIGNATURE_HEADER = "x-hub-signature"
OWN_HEADER = "x-careline-own-names"

_KIND = "mastodon"
_STATUS_EVENTS = ("update", "status.update", "status.created", "status.updated")
_LISTS = ("descendants", "ancestors", "statuses")
_LONGEST_EVENT = 4 * 1024 * 1024
_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class MastodonSettings:
    """``streams``: "user", "public", "public:local", "hashtag:careline".

    ``own_accounts``: who writes for the organisation ("care", "care@example.social").
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    base_url: str = ""
    access_token: str = field(default="", repr=False)
    streams: tuple[str, ...] = ("user",)
    own_accounts: tuple[str, ...] = ()
    sign: str = ""
    # In characters; a server may set its own.
    longest_status: int = 500
    private_note: str = "@{name} we have answered you in a private mention."


class MastodonChannel(PlatformChannel):
    """``POST /v1/mastodon/{organisation}/{account}``, for a server's own webhooks."""

    kind = _KIND
    path = "/v1/mastodon"
    settings = MastodonSettings

    def check(self, settings: MastodonSettings) -> None:
        if not all(settings.secrets):
            raise ValueError("a secret is empty; set the one of the webhook's own settings page")
        if settings.base_url and not settings.base_url.startswith(("https://", "http://")):
            raise ValueError('base_url is the server\'s address, like "https://example.social"')
        if settings.base_url and "user" in settings.streams and not settings.access_token:
            raise ValueError('streams: "user" needs the access_token of the account')
        for name in settings.streams:
            if name.partition(":")[0] not in ("user", "public", "hashtag"):
                raise ValueError(
                    f'streams: {name!r} is unknown; use "user", "public", "public:local" or '
                    '"hashtag:<name>"'
                )

    def verify(
        self, request: InboundRequest, settings: MastodonSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        matches = [
            hmac.compare_digest(
                b"sha256="
                + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest().encode(),
                offered,
            )
            for secret in settings.secrets
        ]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} is not the body's signature")
        return proved(request.body, settings, request)

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        own = frozenset(filter(None, request.headers.get(OWN_HEADER, "").lower().split(",")))
        start = request.body.lstrip()[:1]
        if start not in (b"{", b"["):
            return _streamed(request.body, own)
        value = _listed(read_json(request.body))
        if isinstance(value, list):
            # The newest comes first.
            return each(_KIND, "entry", value[::-1], lambda one: _read(one, own), "body")
        return each(_KIND, "entry", [value], lambda one: _read(one, own), "body")


def _listed(value: object) -> object:
    """Return the statuses of a search, a thread or grouped notifications; else what it is."""
    if not isinstance(value, dict) or "id" in value:
        return value
    if "notification_groups" in value:
        return ungrouped(value)
    lists = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
    return [entry for found in lists for entry in found] if lists else value


def proved(
    body: bytes, settings: MastodonSettings, request: InboundRequest | None = None
) -> InboundRequest:
    """Return what was proved or fetched, with the names of those who write for the organisation."""
    own = {OWN_HEADER: ",".join(one.lstrip("@") for one in settings.own_accounts)}
    if request is None:
        return InboundRequest(body, own)
    return replace(request, headers={**request.headers, **own})


def read_event(name: str, payload: bytes, own: Own) -> list[IncomingEvent]:
    """Read one event of a stream."""
    if name == "delete":
        return [_deleted(payload)]
    try:
        fields = as_fields(read_json(payload), name)
        if name in _STATUS_EVENTS:
            return read_status(fields, own)
        if name == "notification":
            return read_notification(fields, own, payload)
        if name == "conversation" and "last_status" in fields:
            return read_status(fields.object("last_status"), own)
    except InvalidRequestError as error:
        return [unrecognised(_KIND, name, payload, reason=str(error))]
    return [unrecognised(_KIND, name, payload)]


def _deleted(payload: bytes) -> IncomingEvent:
    status_id = payload.decode(errors="replace").strip().strip('"')
    if not status_id or len(status_id) > _LONGEST_ID or not status_id.isprintable():
        return unrecognised(_KIND, "delete", payload, reason="no id of a status")
    gone = MessageDeletion(status_id)
    return IncomingEvent(f"delete:{status_id}", _KIND, status_id, gone, None)


def _read(entry: Fields, own: Own) -> list[IncomingEvent]:
    if "object" in entry and "event" in entry:
        return _pushed(entry, own)
    if "last_status" in entry and "content" not in entry:
        # A conversation, or a request to be notified by a stranger.
        return read_status(entry.object("last_status"), own)
    if "event" in entry and "type" not in entry:
        # A WebSocket's message; its payload is JSON within a text, or an id.
        payload = entry.text("payload", "", limit=16 * 1024 * 1024)
        return read_event(entry.text("event"), payload.encode(), own)
    if "type" in entry and "content" not in entry:
        return read_notification(entry, own, b"")
    return read_status(entry, own)


def _pushed(entry: Fields, own: Own) -> list[IncomingEvent]:
    name, about = entry.text("event"), entry.object("object")
    if name in _STATUS_EVENTS:
        return read_status(about, own)
    at_us = entry.instant("created_at")
    told = json.dumps({one: about.text(one, "") for one in ("id", "username") if one in about})
    body = UnrecognisedEvent(name, told.encode())
    return [IncomingEvent(f"{name}:{digest(told, str(at_us))}", _KIND, "", body, at_us)]


def _streamed(body: bytes, own: Own) -> list[IncomingEvent]:
    events: list[IncomingEvent] = []
    sent = 0
    for name, payload in server_sent(iter(body.splitlines())):
        sent += 1
        if sent > MOST_ENTRIES:
            raise InvalidRequestError("body", f"has more than {MOST_ENTRIES} events")
        events += read_event(name, payload, own)
    if not sent:
        raise InvalidRequestError("body", "is neither JSON nor server-sent events")
    return events


def server_sent(lines: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and data of each server-sent event; the last may lack its empty line."""
    reader = ServerSent()
    for line in lines:
        if told := reader.take(line):
            yield told
    if told := reader.take(b""):
        yield told


class ServerSent:
    """Puts lines together to events: ``event: <name>``, ``data: <part>`` …, an empty line.

    What is longer than any event is cut off, and so not understood.
    """

    def __init__(self) -> None:
        self._name = ""
        self._bytes = 0
        self._data: list[bytes] = []

    def take(self, line: bytes) -> tuple[str, bytes] | None:
        if line:
            field_name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field_name == b"event":
                self._name = value.decode(errors="replace").strip()[:64]
            elif field_name == b"data" and self._bytes < _LONGEST_EVENT:
                self._data.append(value)
                self._bytes += len(value) + 1
            return None
        told = (self._name or "message", b"\n".join(self._data)) if self._data else None
        self._name, self._data, self._bytes = "", [], 0
        return told
