"""Who sits in front of the web chat, and what proves it."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Final

from services.gateway.domain.inbound import RefusedError
from services.gateway.domain.incoming import Identifier

# A visitor who came by on their own, and a customer of the organisation's own register.
ANONYMOUS: Final = "v-"
KNOWN: Final = "u-"
# An anonymous visitor is known again for so long after the last visit.
TOKEN_SECONDS: Final = 30 * 24 * 3600
# A token of the organisation's begins so; an id of its register must not.
JWT_START: Final = "eyJ"

_KEY_BYTES = 32
_MAC_BYTES = 32
_LONGEST_TOKEN = 2048


@dataclass(frozen=True, slots=True)
class Visitor:
    """``visitor_id`` begins with ``v-`` or ``u-``; identifiers are proved, a name is only told."""

    visitor_id: str
    name: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @property
    def known(self) -> bool:
        return self.visitor_id.startswith(KNOWN)


def thread_id_of(account: str, visitor_id: str) -> str:
    """Return the visitor's one thread; each account has a register of its own."""
    return f"{account}:{visitor_id}"


def identity_matches(secrets: Sequence[str], customer_id: str, signature: str) -> bool:
    """Tell whether the organisation signed this id: hex of HMAC-SHA256(secret, id)."""
    offered = signature.encode(errors="replace")
    signed = customer_id.encode(errors="replace")
    matches = [
        hmac.compare_digest(hmac.digest(one.encode(), signed, sha256).hex().encode(), offered)
        for one in secrets
    ]
    return any(matches) and not customer_id.startswith(JWT_START)


class ChatTokens:
    """What the gateway itself signs, with keys of its own.

    Nothing that the organisation signs can be taken for it, and the other way round.
    ``purpose`` keeps a token of one use from being one of another.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [
            blake2b(one.encode(), digest_size=_KEY_BYTES, person=b"careline-chat").digest()
            for one in secrets
        ]

    def issue(self, purpose: str, content: str, now_us: int) -> str:
        """Return a token, signed with the newest secret: the last."""
        at = str(now_us // 1_000_000)
        encoded = _encode(content.encode(errors="surrogatepass"))
        return f"{encoded}.{at}.{_mac(self._keys[-1], purpose, encoded, at)}"

    def read(self, purpose: str, token: str, now_us: int, seconds: int) -> str:
        """Return the content. Raise ``RefusedError`` unless it is genuine and young enough."""
        encoded, _, rest = token.partition(".")
        at, _, offered = rest.partition(".")
        offered_bytes = offered.encode(errors="replace")
        matches = [
            hmac.compare_digest(_mac(key, purpose, encoded, at).encode(), offered_bytes)
            for key in self._keys
        ]
        if len(token) > _LONGEST_TOKEN or not any(matches):
            raise RefusedError("the token is not one of this chat")
        if now_us // 1_000_000 - int(at) > seconds:
            raise RefusedError("the token has expired")
        return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode(errors="surrogatepass")


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _mac(key: bytes, purpose: str, encoded: str, at: str) -> str:
    signed = f"{purpose}.{encoded}.{at}".encode(errors="replace")
    return blake2b(signed, key=key, digest_size=_MAC_BYTES).hexdigest()
