"""Which parties are one customer: a function of what they carry, not of the order it came in."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from services.identity.domain.identifiers import JOINING_KINDS, Identifier
from services.identity.domain.parties import Party

_STRENGTH = {kind: rank for rank, kind in enumerate(JOINING_KINDS)}


@dataclass(slots=True)
class Cluster:
    """One customer's parties, and for each the identifier that first joined it to another."""

    party_keys: list[str]
    crm_ids: list[str]
    joined_by: dict[str, Identifier]


def cluster(parties: Iterable[Party], generic: Container[str]) -> list[Cluster]:
    """Join parties by their identifiers, the strongest kind first, then in the order of values.

    An identifier joins all of its carriers or none: none when together they would hold two
    different CRM ids. Then it is known to belong to several people, and whom of them a third
    carrier is cannot be told from it. ``parties`` are all carriers of each identifier that is not
    generic; clusters come in the order of their smallest party key.
    """
    by_key = {party.party_key: party for party in sorted(parties, key=lambda each: each.party_key)}
    of_party = {key: Cluster([key], list(party.crm_ids), {}) for key, party in by_key.items()}
    carriers: dict[Identifier, list[str]] = {}
    for key, party in by_key.items():
        for text in party.identifiers:
            if text not in generic:
                carriers.setdefault(Identifier.parse(text), []).append(key)
    for identifier in sorted(carriers, key=lambda each: (_STRENGTH[each.kind], each.value)):
        _join(identifier, carriers[identifier], of_party)
    return _distinct(of_party.values())


def _join(identifier: Identifier, keys: list[str], of_party: dict[str, Cluster]) -> None:
    parts = _distinct(of_party[key] for key in keys)
    crm_ids = sorted({value for part in parts for value in part.crm_ids})
    if len(parts) == 1 or len(crm_ids) > 1:
        return
    joined = max(parts, key=lambda part: len(part.party_keys))  # so that the fewest move
    joined.crm_ids = crm_ids
    for part in parts:
        if part is not joined:
            joined.party_keys += part.party_keys
            joined.joined_by.update(part.joined_by)
            for key in part.party_keys:
                of_party[key] = joined
    for key in keys:
        joined.joined_by.setdefault(key, identifier)


def _distinct(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Return each cluster once, where it first stands."""
    return list({id(each): each for each in clusters}.values())
