"""Standard Webhooks: one scheme for everything first-party (standardwebhooks.com, version 1).

The published library reads the clock by itself and raises other errors than its own on malformed
headers, so the check stands here; the library's signatures are what the tests verify it against.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from services.gateway.domain.inbound import InboundRequest, RefusedError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

_PREFIX = "whsec_"
_SHORTEST_KEY_BYTES = 24
_LONGEST_ID = 256
# In seconds, to both sides: older is a replay, newer is a clock that cannot be trusted.
WINDOW_SECONDS = 300


@lru_cache(maxsize=1024)
def decode_secret(secret: str) -> bytes:
    """Return the signing key. Raise ``ValueError`` that says what a secret looks like."""
    # Some senders leave the padding out.
    text = secret.removeprefix(_PREFIX).rstrip("=")
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) < _SHORTEST_KEY_BYTES:
        raise ValueError(
            f'a secret is "{_PREFIX}" and at least {_SHORTEST_KEY_BYTES} random bytes in base64'
        )
    return key


def check_secrets(secrets: Sequence[str]) -> None:
    for secret in secrets:
        decode_secret(secret)


def id_of(request: InboundRequest) -> str:
    """Return the webhook's id; a body without headers (from a file) is named by its digest."""
    return request.headers.get(ID_HEADER) or sha256(request.body).hexdigest()


def sign(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    content = f"{webhook_id}.{timestamp}.".encode(errors="surrogateescape") + body
    return "v1," + b64encode(hmac.digest(key, content, sha256)).decode()


def verify(request: InboundRequest, secrets: Sequence[str], now_us: int) -> None:
    """Check the time window and every signature of the header: several mean a key is rotated."""
    webhook_id = _header(request, ID_HEADER)
    timestamp = _header(request, TIMESTAMP_HEADER)
    offered = _header(request, SIGNATURE_HEADER).encode(errors="surrogateescape").split(b" ")
    if len(webhook_id) > _LONGEST_ID:
        raise RefusedError(f"{ID_HEADER} has more than {_LONGEST_ID} characters")
    if abs(now_us // 1_000_000 - timestamp_seconds(timestamp)) > WINDOW_SECONDS:
        raise RefusedError(f"{TIMESTAMP_HEADER} is more than {WINDOW_SECONDS} s away from now")
    expected = [
        sign(decode_secret(secret), webhook_id, timestamp, request.body).encode()
        for secret in secrets
    ]
    matches = [hmac.compare_digest(one, other) for one in expected for other in offered]
    if not any(matches):
        raise RefusedError(f"no signature in {SIGNATURE_HEADER} matches the account's secret")


def timestamp_seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len("9999999999")):
        raise RefusedError(f"{TIMESTAMP_HEADER} is not a number of seconds")
    return int(text)


def _header(request: InboundRequest, name: str) -> str:
    value = request.headers.get(name, "")
    if not value:
        raise RefusedError(f"the header {name} is missing")
    return value
