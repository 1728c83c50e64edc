"""Senders that sign nothing: a secret that comes along, as Basic credentials, bearer or header."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Sequence

from services.gateway.domain.inbound import InboundRequest, RefusedError

# For what cannot set a header; it lands in access logs, so the others come first in the docs.
QUERY_NAME = "secret"


def verify(request: InboundRequest, secrets: Sequence[str], *headers: str) -> None:
    """Raise ``RefusedError`` unless one of the account's secrets came along.

    Offered in ``Authorization`` (Basic: "user:password" or the password alone is the secret;
    Bearer), in one of ``headers``, or as ``?secret=``.
    """
    offered = [*_authorization(request.headers.get("authorization", ""))]
    offered += [_bytes(request.headers[name]) for name in headers if name in request.headers]
    if QUERY_NAME in request.query:
        offered.append(_bytes(request.query[QUERY_NAME]))
    matches = [
        hmac.compare_digest(secret.encode(), one) for secret in secrets for one in offered if one
    ]
    if not any(matches):
        raise RefusedError("no secret came along that is the account's")


def _authorization(header: str) -> list[bytes]:
    scheme, _, rest = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return [_bytes(rest.strip())]
        case "basic":
            return _basic(rest.strip())
        case _:
            return []


def _basic(credentials: str) -> list[bytes]:
    try:
        plain = b64decode(_bytes(credentials), validate=True)
    except ValueError:
        return []
    return [plain, plain.partition(b":")[2]]


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
