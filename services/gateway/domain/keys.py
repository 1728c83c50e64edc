"""The keys that every event carries."""

from __future__ import annotations

import re
from hashlib import blake2b

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_CHANNEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,30}[a-z0-9])?")
_PARTY_KEY_BYTES = 16
_SHORTEST_SECRET = 16


def is_name(text: str) -> bool:
    """Tell whether a text can name an organisation or an account.

    Names become parts of keys and paths: letters, digits, ".", "_", "-"; at most 64 characters.
    """
    return _NAME.fullmatch(text) is not None


def is_channel(text: str) -> bool:
    """Tell whether a text can name a kind of channel: lower case, at most 32 characters."""
    return _CHANNEL.fullmatch(text) is not None


def thread_key(organisation: str, channel: str, thread_id: str) -> str:
    """Return the lane key; the thread comes last because it may hold anything."""
    return f"{organisation}/{channel}/{thread_id}"


class PartyKeys:
    """Turns authors' identifiers into keys that nobody turns back without the secret."""

    def __init__(self, secret: str) -> None:
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError(
                f"the secret has {len(secret)} characters; at least {_SHORTEST_SECRET} are needed"
            )
        # Hashed first, because blake2b takes keys of at most 64 bytes.
        self._key = blake2b(secret.encode()).digest()

    def of(self, organisation: str, channel: str, author_id: str) -> str:
        """Return the party key, or "" for no author. A replay's equal those of the live channel."""
        if not author_id:
            return ""
        name = f"{organisation}/{channel}/{author_id}".encode(errors="surrogatepass")
        return blake2b(name, key=self._key, digest_size=_PARTY_KEY_BYTES).hexdigest()
