"""OAuth 1.0a (RFC 5849), HMAC-SHA1, for requests whose body is JSON and so not signed."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Keys:
    """The app's pair and the user's pair."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str


def authorization(
    method: str,
    url: str,
    keys: Keys,
    *,
    nonce: str,
    timestamp_seconds: int,
    parameters: Mapping[str, str] | None = None,
) -> str:
    """Return the header's value. ``parameters``: of the query and of a form, if there is one."""
    protocol = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp_seconds),
        "oauth_token": keys.token,
        "oauth_version": "1.0",
    }
    signed = sorted(
        (_encoded(name), _encoded(value))
        for name, value in {**protocol, **(parameters or {})}.items()
    )
    joined = "&".join(f"{name}={value}" for name, value in signed)
    base = "&".join((method.upper(), _encoded(url), _encoded(joined)))
    key = f"{_encoded(keys.consumer_secret)}&{_encoded(keys.token_secret)}"
    signature = b64encode(hmac.digest(key.encode(), base.encode(), sha1)).decode()
    header = sorted({**protocol, "oauth_signature": signature}.items())
    return "OAuth " + ", ".join(f'{name}="{_encoded(value)}"' for name, value in header)


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")
