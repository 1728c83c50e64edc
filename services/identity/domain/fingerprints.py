"""Hashes that stand for ids and identifiers: short, equal on every replica, not readable."""

from __future__ import annotations

from base64 import b32encode
from hashlib import blake2b

EVENT_BYTES = 16
_IDENTIFIER_BYTES = 8
_CUSTOMER_BYTES = 10


def of_event(organisation_id: str, channel: str, event_id: str) -> bytes:
    """Return 16 bytes for an event's id within its organisation and channel.

    The event id stands last: it is the only part that others choose, so the three cannot be
    shifted against each other.
    """
    text = f"{organisation_id}\0{channel}\0{event_id}"
    return blake2b(text.encode(), digest_size=EVENT_BYTES).digest()


def of_identifier(kind: str, value: str) -> bytes:
    return blake2b(f"{kind}\0{value}".encode(), digest_size=_IDENTIFIER_BYTES).digest()


def provisional_customer_id(organisation_id: str, party_key: str) -> str:
    """Return the customer id of a party that nothing else is known about.

    A function of its party alone: every partition where the party appears agrees on it.
    """
    text = f"{organisation_id}\0{party_key}"
    digest = blake2b(text.encode(), digest_size=_CUSTOMER_BYTES).digest()
    return "cu_" + b32encode(digest).decode().lower()
