"""Access tokens for mail servers that take no passwords (OAuth 2.0, RFC 6749)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

_SHORTEST_LIFE_SECONDS = 60
_USUAL_LIFE_SECONDS = 3600
_SECOND_US = 1_000_000
FORM_HEADERS = {"content-type": "application/x-www-form-urlencoded"}


class TokenError(Exception):
    """The token server gave none; the message says why and shows no secret."""


@dataclass(frozen=True, slots=True)
class OAuth:
    """With a refresh token in a person's name, without one in the application's own."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""

    @property
    def form(self) -> dict[str, str]:
        wanted = {
            "grant_type": "refresh_token" if self.refresh_token else "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
            "scope": self.scope,
        }
        return {name: value for name, value in wanted.items() if value}


def read_token(status: int, body: bytes, now_us: int) -> tuple[str, int]:
    """Return the token and until when it holds. Raise ``TokenError``."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    fields = answer if isinstance(answer, dict) else {}
    token = fields.get("access_token")
    if not isinstance(token, str) or not token:
        reason = str(fields.get("error_description") or fields.get("error") or "no access_token")
        raise TokenError(f"the token server answered {status}: {reason[:200]}")
    life = fields.get("expires_in")
    seconds = life if isinstance(life, int) and life > 0 else _USUAL_LIFE_SECONDS
    return token, now_us + max(seconds, _SHORTEST_LIFE_SECONDS) * _SECOND_US
