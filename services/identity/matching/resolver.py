"""The streaming resolver: a record comes, the customers that it touches are clustered anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.identity.matching.comparisons import Fields
from services.identity.matching.facets import keys
from services.identity.matching.index import BLOCK_CAP, BlockIndex
from services.identity.matching.linkage import agglomerate, conflicts
from services.identity.matching.model import Model
from services.identity.matching.scoring import Row, Scorer


@dataclass(frozen=True, slots=True)
class Limits:
    """What the resolver decides by besides the model; none of it is chosen on a file's truth."""

    # Bits above even odds that a merge needs.
    threshold_bits: float = 3.0
    # A customer whose weight is short by so much is still clustered anew with the rest.
    margin_bits: float = 6.0
    candidates: int = 12
    together: int = 80
    block_cap: int = BLOCK_CAP
    supports: int = 2


class Resolver:
    """Records are numbered in the order of the log; a customer is named by its oldest record."""

    def __init__(self, model: Model, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.scorer = Scorer(model)
        self._bias = model.prior_bits - self.limits.threshold_bits
        self._index = BlockIndex(self.limits.block_cap)
        self._rows: list[Row] = []
        self._sources: list[str | None] = []
        self.customer_of: list[int] = []
        self.members: dict[int, list[int]] = {}

    def take(self, fields: Fields, source: str | None = None) -> int:
        """Take the next record of the log; return its customer."""
        record = len(self._rows)
        row = self.scorer.row(fields)
        wanted = keys(self.scorer.facets(row))
        self._rows.append(row)
        self._sources.append(source)
        self.customer_of.append(record)
        self.members[record] = [record]
        touched = self._touched(row, self._candidates(wanted))
        self._index.add(wanted, record)
        if touched:
            self._cluster_anew([record, *touched])
        return self.customer_of[record]

    def _candidates(self, wanted: Sequence[int]) -> list[int]:
        """Return the customers that share most keys with the record, the oldest first in a tie."""
        shared: dict[int, float] = {}
        customer_of = self.customer_of
        for block in self._index.blocks(wanted):
            gain = 1.0 / (3 + len(block))
            for other in block:
                customer = customer_of[other]
                shared[customer] = shared.get(customer, 0.0) + gain
        best = sorted(shared, key=lambda customer: (-shared[customer], customer))
        return best[: self.limits.candidates]

    def _touched(self, row: Row, candidates: Sequence[int]) -> list[int]:
        least = -self._bias - self.limits.margin_bits
        weighed = [
            (-weight, customer)
            for customer in candidates
            if (weight := self._weigh(row, customer)) > least
        ]
        touched, size = [], 1
        for _, customer in sorted(weighed):
            size += len(self.members[customer])
            if size > self.limits.together:
                break
            touched.append(customer)
        return touched

    def _weigh(self, row: Row, customer: int) -> float:
        return self.scorer.against(row, [self._rows[each] for each in self.members[customer]])

    def _cluster_anew(self, customers: Sequence[int]) -> None:
        records = sorted(each for customer in customers for each in self.members[customer])
        weights, present = self.scorer.pairwise([self._rows[each] for each in records])
        parts = agglomerate(
            weights,
            present,
            self.scorer.families,
            self._bias,
            conflicts([self._sources[each] for each in records]),
            self.limits.supports,
        )
        self._assign([[records[each] for each in part] for part in parts], customers)

    def _assign(self, parts: Sequence[Sequence[int]], customers: Sequence[int]) -> None:
        """A merge keeps the oldest id, a split leaves it with the largest part."""
        for customer in customers:
            del self.members[customer]
        claims: dict[int, tuple[int, int]] = {}
        for number, part in enumerate(parts):
            for customer, count in _held(part, self.customer_of):
                best = claims.get(customer)
                if best is None or count > best[0]:
                    claims[customer] = (count, number)
        won: dict[int, int] = {}
        for customer in sorted(claims):
            won.setdefault(claims[customer][1], customer)
        for number, part in enumerate(parts):
            name = won.get(number, part[0])
            if name in self.members:
                name = min(each for each in part if each not in self.members)
            self.members[name] = list(part)
            for each in part:
                self.customer_of[each] = name


def _held(part: Sequence[int], customer_of: Sequence[int]) -> list[tuple[int, int]]:
    names, counts = np.unique([customer_of[each] for each in part], return_counts=True)
    return list(zip(names.tolist(), counts.tolist(), strict=True))
