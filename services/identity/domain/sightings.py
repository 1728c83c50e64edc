"""Who carries an identifier: an index that notices when a value turns generic."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence

from services.identity.domain.cores import Sighting
from services.identity.domain.identifier_rules import IdentifierRules
from services.identity.domain.identifiers import Identifier, crm_id, email, phone


class CarrierIndex:
    """Parties are numbered by age; a generic value stays generic."""

    def __init__(self, rules: IdentifierRules) -> None:
        self._rules = rules
        self._carriers: dict[Identifier, list[int]] = {}
        self.generic: dict[Identifier, None] = {}

    def add(self, party: int, sightings: Iterable[Sighting]) -> list[int]:
        """Take the party's identifiers; return those whose links are to be judged again.

        They are the carriers of the same values, and of values that turned generic by this.
        """
        others: dict[int, None] = {}
        for sighting in sightings:
            identifier = sighting.identifier
            if identifier in self.generic:
                continue
            carriers = self._carriers.setdefault(identifier, [])
            if party not in carriers:
                insort(carriers, party)
            others.update(dict.fromkeys(carriers))
            if len(carriers) > self._rules.of(identifier.kind).carriers:
                self.generic[identifier] = None
                del self._carriers[identifier]
        others.pop(party, None)
        return sorted(others)


def meaningful(identifiers: Iterable[Identifier]) -> Sequence[Identifier]:
    """Leave out the values that many give who have none: null, 0000, test@test.com."""
    kept = []
    for each in identifiers:
        if each.kind == "email":
            found = email(each.value)
        elif each.kind == "phone":
            found = phone(each.value)
        else:
            value = crm_id(each.value)
            found = None if value is None else Identifier(each.kind, value)
        if found is not None:
            kept.append(found)
    return kept
