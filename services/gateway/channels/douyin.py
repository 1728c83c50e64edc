"""Douyin: private messages, group messages and comments on the organisation's videos.

SHA-1 over secret and body is what Douyin signs with; it is no HMAC, so somebody who saw a request
could append to it, but not so that it stays JSON. Deliveries repeat and change order.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from hashlib import sha1

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.douyin_events import event_of
from services.gateway.channels.wechat_bodies import read_json_texts
from services.gateway.domain.inbound import Answer, InboundRequest, RefusedError
from services.gateway.domain.incoming import IncomingEvent

SIGNATURE_HEADER = "x-douyin-signature"
ID_HEADER = "msg-id"
_VERIFY = "verify_webhook"
_LONGEST_ID = 512


@dataclass(frozen=True, slots=True)
class DouyinSettings:
    """``secrets`` are the application's client secrets, the current one first."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    client_key: str = ""
    # The organisation's account, whose messages are answered.
    open_id: str = ""
    # Of the account's authorisation; without it, the application's own token is fetched.
    access_token: str = field(default="", repr=False)
    # "", "name" or "initials": how replies are signed.
    sign: str = ""
    api_base: str = "https://open.douyin.com"


class DouyinChannel(PlatformChannel):
    """``POST /v1/douyin/{organisation}/{account}``."""

    kind = "douyin"
    path = "/v1/douyin"
    settings = DouyinSettings

    def handshake(
        self, request: InboundRequest, settings: DouyinSettings, now_us: int
    ) -> Answer | None:
        _ = now_us  # nothing in the request is timed
        if _VERIFY.encode() not in request.body:
            return None
        document = _loaded(request.body)
        if document.get("event") != _VERIFY:
            return None
        _check(request, settings)
        content = document.get("content")
        if isinstance(content, str):
            content = _loaded(content.encode(errors="surrogateescape"))
        challenge = content.get("challenge") if isinstance(content, dict) else None
        if isinstance(challenge, bool) or not isinstance(challenge, int | str):
            raise RefusedError("content.challenge is missing, or neither a number nor a text")
        return Answer(json.dumps({"challenge": challenge}).encode(), "application/json")

    def verify(
        self, request: InboundRequest, settings: DouyinSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is timed
        _check(request, settings)
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        delivery_id = request.headers.get(ID_HEADER, "")[:_LONGEST_ID]
        return [event_of(read_json_texts(request.body), request.body, delivery_id)]


def _check(request: InboundRequest, settings: DouyinSettings) -> None:
    offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
    expected = [
        sha1(secret.encode() + request.body, usedforsecurity=False).hexdigest().encode()
        for secret in settings.secrets
    ]
    matches = [hmac.compare_digest(one, offered) for one in expected]
    if not any(matches):
        raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's secret")


def _loaded(body: bytes) -> dict[str, object]:
    """Return a JSON object, an empty one for anything else: no handshake, whatever it is."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
