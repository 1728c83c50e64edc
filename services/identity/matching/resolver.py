"""The streaming resolver: a record comes, the customers that it touches are clustered anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.identity.domain.cores import Core, Sighting, cores_of
from services.identity.domain.identifier_rules import DEFAULT_RULES, IdentifierRules
from services.identity.domain.identifiers import Identifier
from services.identity.domain.sightings import CarrierIndex, meaningful
from services.identity.matching.comparisons import Fields
from services.identity.matching.customers import Customers
from services.identity.matching.facets import keys
from services.identity.matching.index import BLOCK_CAP, BlockIndex
from services.identity.matching.linkage import agglomerate, join_by_hand
from services.identity.matching.model import Model
from services.identity.matching.scoring import Row, Scorer


@dataclass(frozen=True, slots=True)
class Limits:
    """What the resolver decides by besides the model; none of it is chosen on a file's truth."""

    # Bits above even odds that a merge needs.
    threshold_bits: float = 0.0
    # A customer whose weight is short by so much is still clustered anew with the rest.
    margin_bits: float = 10.0
    # By so many bits more than needed, a record joins the only customer near it as it is.
    plain_bits: float = 10.0
    # So many families of attributes must speak for a merge: a name alone never does.
    supports: int = 2
    candidates: int = 12
    # A candidate shares a key with few others, or several keys with more: each counts 1 / (3 + n).
    least_shared: float = 0.05
    together: int = 80
    block_cap: int = BLOCK_CAP


class Evidence(NamedTuple):
    """Why a record was held to be the same customer's as another, when it came."""

    record: int
    other: int
    bits: float
    identifier: Identifier | None
    is_by_hand: bool = False


class _Near(NamedTuple):
    bits: float
    customer: int
    supports: int


class VetoError(ValueError):
    """Two records cannot be one customer's, whoever says so."""


class Resolver:
    """Records are numbered in the order of the log: of two, the lower is the older."""

    def __init__(
        self,
        model: Model,
        limits: Limits | None = None,
        rules: IdentifierRules = DEFAULT_RULES,
    ) -> None:
        self.limits = limits or Limits()
        self.scorer = Scorer(model)
        self.customers = Customers()
        # What tied each record when it came; never changed by what came later.
        self.evidence: list[Evidence] = []
        self.rules = rules
        self.carriers = CarrierIndex(rules)
        self.bias = model.prior_bits - self.limits.threshold_bits
        self._index = BlockIndex(self.limits.block_cap)
        self.rows: list[Row] = []
        self._sources: dict[int, str] = {}
        self.sightings: dict[int, tuple[Sighting, ...]] = {}
        self.together: dict[tuple[int, int], None] = {}
        self.apart: dict[tuple[int, int], None] = {}
        # Records that somebody joined to others, like them or not.
        self._joined_by_hand: dict[int, None] = {}

    def take(
        self, fields: Fields, source: str | None = None, sightings: Sequence[Sighting] = ()
    ) -> int:
        """Take the next record of the log; return its customer.

        At most one record of a source belongs to a customer; ``None`` is no source.
        """
        record = self.customers.add()
        row = self.scorer.row(fields)
        wanted = keys(self.scorer.facets(row))
        self.rows.append(row)
        if source is not None:
            self._sources[record] = source
        sharing = self._carry(record, sightings)
        near = self._near(row, self._candidates(wanted))
        self._index.add(wanted, record)
        if not sharing and len(near) == 1 and self._is_plain(record, near[0]):
            self.customers.join(record, near[0].customer)
        else:
            touched = dict.fromkeys([*sharing, *(each.customer for each in near)])
            self._cluster_anew([*self.customers.records_of(list(touched)), record])
        members = self.customers.members[self.customers.of_record[record]]
        if others := [each for each in members if each != record]:
            self.evidence.append(self.strongest(record, others))
        return self.customers.of_record[record]

    def say_same(self, a: int, b: int) -> None:
        """Join two records by hand; until :meth:`unsay` it outranks everything but a veto."""
        pair = (min(a, b), max(a, b))
        was_apart = pair in self.apart
        self.apart.pop(pair, None)
        self.together[pair] = None
        self._joined_by_hand |= dict.fromkeys(pair)
        self._judge_again(a, b)
        if self.customers.of_record[a] != self.customers.of_record[b]:
            del self.together[pair]
            if was_apart:
                self.apart[pair] = None
            self._judge_again(a, b)
            raise VetoError(
                f"records {a} and {b} are not joined: their customers hold two values of an "
                "identifier that is unique, or more than its limit, or were set apart by hand; "
                "correct the identifiers or take back what set them apart"
            )

    def say_apart(self, a: int, b: int) -> None:
        """Keep two records apart by hand, until :meth:`unsay`."""
        pair = (min(a, b), max(a, b))
        self.together.pop(pair, None)
        self.apart[pair] = None
        self._judge_again(a, b)

    def unsay(self, a: int, b: int) -> None:
        """Take back what was said of the two; what else is known decides again."""
        pair = (min(a, b), max(a, b))
        self.together.pop(pair, None)
        self.apart.pop(pair, None)
        self._judge_again(a, b)

    def state(self) -> bytes:
        """Return customers and their records, the same bytes on every replay."""
        members = self.customers.members
        return json.dumps([[each, members[each]] for each in sorted(members)]).encode()

    def vetoes(self, a: int, b: int) -> list[str]:
        """Say what forbids that two records are one customer's."""
        found = ["somebody set them apart"] if (min(a, b), max(a, b)) in self.apart else []
        source = self._sources.get(a)
        if source is not None and self._sources.get(b) == source:
            found.append(f"both are from the source {source}, which has a person once")
        for rule in self.rules.rules:
            if rule.unique:
                own, other = (
                    {
                        s.identifier
                        for s in self.sightings.get(r, ())
                        if s.identifier.kind == rule.kind
                    }
                    for r in (a, b)
                )
                if own and other and own != other:
                    found.append(f"each has a {rule.kind} of its own, which is unique")
        return found

    def _judge_again(self, a: int, b: int) -> None:
        touched = [self.customers.of_record[a], self.customers.of_record[b]]
        for record in (a, b):
            wanted = keys(self.scorer.facets(self.rows[record]))
            near = self._near(self.rows[record], self._candidates(wanted))
            touched += [each.customer for each in near]
        self._cluster_anew(self.customers.records_of(list(dict.fromkeys(touched))))

    def _carry(self, record: int, sightings: Sequence[Sighting]) -> list[int]:
        """Keep the identifiers that mean something; return the customers that share one."""
        kept = tuple(
            Sighting(identifier, each.at_us)
            for each in sorted(sightings)
            for identifier in meaningful([each.identifier])
        )
        if not kept:
            return []
        self.sightings[record] = kept
        others = self.carriers.add(record, kept)
        return list(dict.fromkeys(self.customers.of_record[each] for each in others))

    def _candidates(self, wanted: Sequence[int]) -> list[int]:
        """Return the customers that share most keys with the record, the oldest first in a tie."""
        shared: dict[int, float] = {}
        of_record = self.customers.of_record
        for block in self._index.blocks(wanted):
            gain = 1.0 / (3 + len(block))
            for other in block:
                customer = of_record[other]
                shared[customer] = shared.get(customer, 0.0) + gain
        least = self.limits.least_shared
        best = sorted((-gain, customer) for customer, gain in shared.items() if gain >= least)
        return [customer for _, customer in best[: self.limits.candidates]]

    def _near(self, row: Row, candidates: Sequence[int]) -> list[_Near]:
        """Return the customers that the record may belong to, the nearest first."""
        least = -self.bias - self.limits.margin_bits
        weighed = []
        for customer in candidates:
            members = [self.rows[each] for each in self.customers.members[customer]]
            bits, supports = self.scorer.against(row, members, least)
            if bits <= least and any(
                each in self._joined_by_hand for each in self.customers.members[customer]
            ):
                bits = max(self.scorer.against(row, [each])[0] for each in members)
            if bits > least:
                weighed.append(_Near(bits, customer, supports))
        near, size = [], 1
        for each in sorted(weighed, key=lambda each: (-each.bits, each.customer)):
            size += len(self.customers.members[each.customer])
            if size > self.limits.together:
                break
            near.append(each)
        return near

    def _is_plain(self, record: int, near: _Near) -> bool:
        """Say whether the record belongs to the only customer near it beyond doubt."""
        if near.bits + self.bias <= self.limits.plain_bits or near.supports < self.limits.supports:
            return False
        source = self._sources.get(record)
        members = self.customers.members[near.customer]
        return record not in self.sightings and (
            source is None or all(self._sources.get(each) != source for each in members)
        )

    def _cluster_anew(self, records: Sequence[int]) -> None:
        if len(records) == 1:
            self.customers.divide([records])
            return
        place = {record: at for at, record in enumerate(records)}
        cores = self._cores(records)
        vetoed = self._vetoed(records, place, cores)
        weights, present = self.scorer.pairwise([self.rows[each] for each in records])
        parts = agglomerate(
            weights,
            present,
            self.scorer.families,
            self.bias,
            supports=self.limits.supports,
            start=[[place[each] for each in core.parties] for core in cores],
            forbidden=self._with_sources(records, vetoed),
        )
        said = [(place[a], place[b]) for a, b in _among(self.together, place)]
        joined = join_by_hand(parts, said, vetoed)
        self.customers.divide([[records[each] for each in part] for part in joined])

    def _cores(self, records: Sequence[int]) -> list[Core]:
        if not self.sightings:
            return [Core([record]) for record in records]
        sightings = {record: self.sightings.get(record, ()) for record in records}
        apart = [pair for pair in self.apart if pair[0] in sightings and pair[1] in sightings]
        return cores_of(sightings, self.rules, self.carriers.generic, apart).cores

    def _vetoed(
        self, records: Sequence[int], place: dict[int, int], cores: Sequence[Core]
    ) -> NDArray[np.bool_]:
        """Mark the pairs that nothing may join: a unique id or a person says no."""
        pairs = [(place[a], place[b]) for a, b in _among(self.apart, place)]
        for kind in (rule.kind for rule in self.rules.rules if rule.unique):
            held: list[str | None] = [None] * len(records)
            for core in cores:
                if values := core.values.get(kind):
                    for party in core.parties:  # who claims two ids is like nobody
                        held[place[party]] = values[0] if len(values) == 1 else f"\0{party}"
            pairs += _clashes(held, same=False)
        return _marked(len(records), pairs)

    def _with_sources(self, records: Sequence[int], vetoed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if not self._sources:
            return vetoed
        of_record = [self._sources.get(each) for each in records]
        return vetoed | _marked(len(records), _clashes(of_record, same=True))

    def strongest(self, record: int, others: Sequence[int]) -> Evidence:
        """Return what ties the record most to one of the others, of equals to the oldest.

        What somebody said comes first, then a shared identifier, then the likeness.
        """
        for other in others:
            if (min(record, other), max(record, other)) in self.together:
                return Evidence(record, other, 0.0, None, is_by_hand=True)
        own = [each.identifier for each in self.sightings.get(record, ())]
        for other in others if own else ():
            for sighting in self.sightings.get(other, ()):
                identifier = sighting.identifier
                if identifier in own and identifier not in self.carriers.generic:
                    return Evidence(record, other, 0.0, identifier)
        row = self.rows[record]
        bits, other = max(
            (self.scorer.against(row, [self.rows[each]])[0], -each) for each in others
        )
        return Evidence(record, -other, round(bits, 2), None)


def _marked(size: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    matrix = np.zeros((size, size), dtype=np.bool_)
    for a, b in pairs:
        matrix[a, b] = matrix[b, a] = True
    return matrix


def _among(pairs: Iterable[tuple[int, int]], place: dict[int, int]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in pairs if a in place and b in place]


def _clashes(values: Sequence[str | None], *, same: bool) -> list[tuple[int, int]]:
    """Return the pairs of places whose values, where both are there, are the same (or are not)."""
    held = [(at, value) for at, value in enumerate(values) if value is not None]
    return [
        (a, b)
        for number, (a, value) in enumerate(held)
        for b, other in held[number + 1 :]
        if (value == other) == same
    ]
