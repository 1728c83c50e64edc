"""The signed tokens that Apple and Google ask of whoever reads and answers reviews."""

from __future__ import annotations

import jwt

_SECOND_US = 1_000_000
# Apple takes tokens of at most 20 minutes.
APPLE_LIFE_US = 15 * 60 * _SECOND_US
_GOOGLE_LIFE_SECONDS = 3600
_APPLE_AUDIENCE = "appstoreconnect-v1"
_GOOGLE_SCOPE = "https://www.googleapis.com/auth/androidpublisher"
GOOGLE_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def app_store_token(issuer_id: str, key_id: str, private_key: str, now_us: int) -> str:
    """Return a bearer token for App Store Connect. Raise ``ValueError`` for what is no key.

    Without an issuer the key is an individual's.
    """
    now = now_us // _SECOND_US
    claims = {"iat": now, "exp": now + APPLE_LIFE_US // _SECOND_US, "aud": _APPLE_AUDIENCE}
    who = {"iss": issuer_id} if issuer_id else {"sub": "user"}
    return _signed(who | claims, private_key, "ES256", {"kid": key_id})


def google_assertion(client_email: str, private_key: str, token_url: str, now_us: int) -> str:
    """Return what Google's token endpoint changes into an access token."""
    now = now_us // _SECOND_US
    claims = {
        "iss": client_email,
        "scope": _GOOGLE_SCOPE,
        "aud": token_url,
        "iat": now,
        "exp": now + _GOOGLE_LIFE_SECONDS,
    }
    return _signed(claims, private_key, "RS256", {})


def _signed(
    claims: dict[str, object], private_key: str, algorithm: str, header: dict[str, str]
) -> str:
    try:
        # In a variable of the environment, a line's end is often written as two characters.
        key = private_key.replace("\\n", "\n")
        return jwt.encode(claims, key, algorithm=algorithm, headers=header)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ValueError(
            f"private_key is no {algorithm} key in PEM format ({type(error).__name__})"
        ) from None
