"""Whom the organisation vouches for in its web chat: a signed id, or a signed token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

import jwt

from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.domain.chat_frames import Identity
from services.gateway.domain.chat_visitors import KNOWN, Visitor, identity_matches
from services.gateway.domain.inbound import RefusedError
from services.gateway.domain.incoming import Identifier

_ALGORITHMS = ("HS256",)
# The claims of a customer's token, and what each proves.
_CLAIMS: Mapping[str, str] = {"email": "email", "phone": "phone", "phone_number": "phone"}
_LONGEST_ID, _LONGEST_NAME, _LONGEST_VALUE = 200, 100, 320


def known_visitor(identity: Identity, settings: WebChatSettings, now_us: int) -> Visitor:
    """Return whom the organisation vouches for. Raise ``RefusedError``."""
    if identity.token:
        return _of_token(identity, settings, now_us)
    if not identity.customer_id.isprintable():
        raise RefusedError("the identity's id holds what is no character")
    if not identity_matches(settings.secrets, identity.customer_id, identity.signature):
        raise RefusedError("the identity's signature does not match the account's secret")
    return Visitor(
        KNOWN + identity.customer_id,
        identity.name,
        _identifiers(settings, identity.customer_id, {}),
    )


def _of_token(identity: Identity, settings: WebChatSettings, now_us: int) -> Visitor:
    """Read a JSON Web Token (HS256) with ``sub`` and ``exp``; the library's clock is not asked."""
    claims: Mapping[str, Any] | None = None
    for secret in settings.secrets:
        try:
            claims = jwt.decode(
                identity.token.encode(errors="surrogateescape"),
                secret,
                algorithms=list(_ALGORITHMS),
                options={
                    "require": ["sub", "exp"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError):
            continue
        break
    if claims is None:
        raise RefusedError("the identity's token is not signed with the account's secret")
    expires, subject = claims["exp"], claims["sub"]
    if not isinstance(expires, int) or expires <= now_us // 1_000_000:
        raise RefusedError("the identity's token has expired; the page must fetch a new one")
    if not _is_text(subject, _LONGEST_ID):
        raise RefusedError("the identity's token has no sub that names a customer")
    name = claims.get("name")
    return Visitor(
        KNOWN + subject,
        name if _is_text(name, _LONGEST_NAME) else identity.name,
        _identifiers(settings, subject, claims),
    )


def _identifiers(
    settings: WebChatSettings, customer_id: str, claims: Mapping[str, Any]
) -> tuple[Identifier, ...]:
    found = [Identifier(settings.identity_kind, customer_id)] if settings.identity_kind else []
    found += [
        Identifier(kind, value)
        for claim, kind in _CLAIMS.items()
        if _is_text(value := claims.get(claim), _LONGEST_VALUE)
    ]
    return tuple(found)


def _is_text(value: Any, limit: int) -> TypeGuard[str]:
    # A lone half of a surrogate pair is not printable, and no key or record takes it.
    return isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()
