"""Who signed: ``X-Twilio-Signature`` over the public address and the form's fields.

The published validator raises on a JSON body without ``bodySHA256``, reads ports from what it is
given and compares digests as texts, so the check stands here; the validator's own results are what
the tests verify it against.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha1, sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from services.gateway.domain.inbound import InboundRequest, RefusedError

SIGNATURE_HEADER = "x-twilio-signature"
ALGORITHM_HEADER = "x-twilio-webhooks-signature-settings"
BODY_DIGEST = "bodySHA256"

_MOST_FIELDS = 2_000
_PORTS = {"https": 443, "http": 80}
_HASHES: dict[str, Any] = {"HMAC_SHA1": sha1, "HMAC_SHA256": sha256}


def verify(request: InboundRequest, public_url: str, tokens: Sequence[str]) -> None:
    """Raise ``RefusedError`` unless one of the tokens signed the address and the body.

    The address is the configured one with the request's path and query, never what a proxy or a
    client says of it; it is tried with and without its port, because Twilio signs either.
    """
    offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
    if not offered:
        raise RefusedError(f"the header {SIGNATURE_HEADER} is missing")
    signed_fields = _signed_fields(request)
    hashing = _HASHES.get(_algorithm(request))
    if hashing is None:
        raise RefusedError(f"{ALGORITHM_HEADER} names no algorithm that is known")
    matches = [
        hmac.compare_digest(
            b64encode(hmac.digest(token.encode(), address + signed_fields, hashing)), offered
        )
        for token in tokens
        for address in _addresses(public_url, request.target)
    ]
    if not any(matches):
        raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's token and public_url")


def form_fields(text: bytes) -> dict[str, str]:
    """Return a form's fields, of each the first value. Raise ``ValueError`` for too many."""
    fields: dict[str, str] = {}
    for name, value in _pairs(text):
        fields.setdefault(name, value)
    return fields


def is_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[")


def _signed_fields(request: InboundRequest) -> bytes:
    digest = request.query.get(BODY_DIGEST)
    if digest is not None:
        computed = sha256(request.body).hexdigest().encode()
        if not hmac.compare_digest(computed, digest.lower().encode(errors="surrogateescape")):
            raise RefusedError(f"{BODY_DIGEST} is not the body's")
        return b""
    if is_json(request.body):
        # Only the address would be signed, and any body would go with it.
        raise RefusedError(f"a JSON body needs {BODY_DIGEST} in the address")
    try:
        pairs = _pairs(request.body)
    except ValueError:
        raise RefusedError(f"the form has more than {_MOST_FIELDS} fields") from None
    signed = "".join(name + value for name, value in sorted(set(pairs)))
    return signed.encode(errors="surrogateescape")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    text = body.decode("utf-8", errors="surrogateescape")
    return parse_qsl(
        text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST_FIELDS
    )


def _algorithm(request: InboundRequest) -> str:
    for part in request.headers.get(ALGORITHM_HEADER, "").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _addresses(public_url: str, target: str) -> Iterator[bytes]:
    base = urlsplit(public_url)
    host = base.hostname or ""
    host = f"[{host}]" if ":" in host else host
    path = base.path.rstrip("/") + target
    for port in ("", f":{base.port or _PORTS.get(base.scheme, 443)}"):
        yield f"{base.scheme}://{host}{port}{path}".encode(errors="surrogateescape")
