"""What the assign lane remembers of a party in one partition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.identity.domain import fingerprints

# A party that tells more identifiers of itself than this is a shared desk or a form, not a person.
MAX_IDENTIFIERS = 32


@dataclass(slots=True)
class KnownParty:
    customer_id: str
    # True until the resolver has said whose the party is.
    provisional: bool = True
    # The version of the resolver's decision; 0 before any.
    version: int = 0
    # How often evidence about the party went out from this partition.
    evidence_sent: int = 0
    # Fingerprints of the identifiers that went out with it, sorted: not the identifiers themselves.
    told: list[bytes] = field(default_factory=list)


def unseen_party(organisation_id: str, party_key: str) -> KnownParty:
    return KnownParty(fingerprints.provisional_customer_id(organisation_id, party_key))


def tell(party: KnownParty, identifiers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the identifiers (kind, value) that were not told yet, and count them as told."""
    untold: list[tuple[str, str]] = []
    for kind, value in identifiers:
        fingerprint = fingerprints.of_identifier(kind, value)
        if fingerprint not in party.told and len(party.told) < MAX_IDENTIFIERS:
            party.told.append(fingerprint)
            untold.append((kind, value))
    if untold:
        party.told.sort()
    return untold


def learn(party: KnownParty, customer_id: str, version: int) -> bool:
    """Take the resolver's decision; return False when a newer one is known."""
    if version <= party.version:
        return False
    party.customer_id = customer_id
    party.version = version
    party.provisional = False
    return True
