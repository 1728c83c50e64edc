"""A request as it is kept: its bytes, and what of its frame says something and proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.domain.account import Account
from services.gateway.domain.inbound import InboundRequest

# Headers that say what was sent; those and parameters that prove something are not kept.
# "careline-": what ``verify`` wrote down for ``parse``.
_TELLING = ("careline-", "content-type", "webhook-", "x-")
_PROVING = (
    "auth",
    "cookie",
    "credential",
    "hmac",
    "jwt",
    "key",
    "passw",
    "pwd",
    "secret",
    "sig",
    "token",
)


def payload_of(account: Account, request: InboundRequest, now_us: int) -> Payload:
    return Payload(
        organisation_id=account.organisation,
        channel=account.channel,
        account_id=account.account,
        body=request.body,
        headers=_kept(request.headers, _is_telling),
        query=_kept(request.query, _is_harmless),
        method=request.method,
        target=request.target if "?" not in request.target else "",
        received_at_us=now_us,
    )


def request_of(payload: Payload) -> InboundRequest:
    return InboundRequest(
        payload.body,
        dict(payload.headers),
        dict(payload.query),
        payload.method,
        payload.target,
    )


def _kept(values: Mapping[str, str], wanted: Callable[[str], bool]) -> dict[str, str]:
    return {
        name: value if value.isascii() else value.encode(errors="replace").decode()
        for name, value in values.items()
        if wanted(name)
    }


# The names are few and come with every request; a stranger's inventions do not fill the memory.
@lru_cache(maxsize=4096)
def _is_harmless(name: str) -> bool:
    return not any(word in name.lower() for word in _PROVING)


@lru_cache(maxsize=4096)
def _is_telling(name: str) -> bool:
    return name.startswith(_TELLING) and _is_harmless(name)
