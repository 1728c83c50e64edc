"""Meta's webhooks: subscribed with a token, signed with the app's secret, batched.

Meta repeats a batch that is not answered 200 for up to 36 hours (WhatsApp: 7 days), with other
company than before, so every event has an id of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.meta.pieces import Entry, in_order, read_entries
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
    RefusedError,
)
from services.gateway.domain.incoming import IncomingEvent

SIGNATURE_HEADER = "x-hub-signature-256"
GRAPH_API = "https://graph.facebook.com"
GRAPH_VERSION = "v24.0"

_PREFIX = "sha256="
_MODE = "hub.mode"
_TOKEN = "hub.verify_token"  # noqa: S105  # a parameter's name
_CHALLENGE = "hub.challenge"
_LONGEST_CHALLENGE = 1024


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """``secrets`` are app secrets; ``verify_token`` is the word given with the webhook's address.

    ``access_token`` is what replies are sent with, ``api_base`` and ``api_version`` say where to.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    verify_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    api_base: str = GRAPH_API
    api_version: str = GRAPH_VERSION
    # "", "name" or "initials".
    sign: str = ""


class MetaChannel(PlatformChannel):
    """A channel brings ``kind``, ``path``, ``settings`` and ``_read``."""

    kind: str

    def check(self, settings: Any) -> None:
        if not all(secret and secret.isprintable() for secret in settings.secrets):
            raise ValueError("a secret is the app secret of the app's basic settings")
        if not settings.api_base.startswith(("https://", "http://")):
            raise ValueError(f'api_base is an address such as "{GRAPH_API}"')
        if settings.sign not in {"", "name", "initials"}:
            raise ValueError('sign is "", "name" or "initials"')

    def handshake(self, request: InboundRequest, settings: Any, now_us: int) -> Answer | None:
        _ = now_us  # the request is not timed
        if request.method != "GET" or _MODE not in request.query:
            return None
        if not settings.verify_token:
            raise RefusedError("the account has no verify_token")
        offered = request.query.get(_TOKEN, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(settings.verify_token.encode(), offered):
            raise RefusedError(f"{_TOKEN} is not the account's verify_token")
        challenge = request.query.get(_CHALLENGE, "")
        if request.query[_MODE] != "subscribe" or len(challenge) > _LONGEST_CHALLENGE:
            raise RefusedError(f"{_MODE} is not subscribe, or {_CHALLENGE} is too long")
        return Answer(challenge.encode(errors="surrogateescape"))

    def verify(self, request: InboundRequest, settings: Any, now_us: int) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        expected = [
            _PREFIX + hmac.digest(secret.encode(), request.body, sha256).hex()
            for secret in settings.secrets
        ]
        matches = [hmac.compare_digest(one.encode(), offered) for one in expected]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's app secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        try:
            return in_order(read_entries(request.body, self.kind, self._read))
        except RecursionError:
            raise InvalidRequestError("body", "is nested too deeply") from None

    def _read(self, entry: Entry) -> Sequence[IncomingEvent]:
        raise NotImplementedError
