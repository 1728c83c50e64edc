"""Weighs records against each other and against customers, attribute by attribute."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.matching import columns as kind_of
from services.identity.matching.comparisons import Fields, Value
from services.identity.matching.facets import Facets, facets_of
from services.identity.matching.model import Model
from services.identity.matching.running_terms import RunningTerms

Floats = NDArray[np.float64]
Row = tuple[int, ...]

# Attributes of one family are one support: who shares a name shares each part of it.
_FAMILY = {
    kind_of.GIVEN: 0,
    kind_of.FAMILY: 0,
    kind_of.MIDDLE: 0,
    kind_of.FULL: 0,
    kind_of.ORGANISATION: 0,
    kind_of.BIRTH_DATE: 1,
    kind_of.BIRTH_YEAR: 1,
    kind_of.AGE: 1,
    kind_of.PHONE: 2,
    kind_of.EMAIL: 3,
    kind_of.NATIONAL_ID: 4,
    kind_of.URL: 5,
    kind_of.STREET: 6,
    kind_of.POSTCODE: 6,
    kind_of.PLACE: 7,
    kind_of.TEXT: 8,
}
_OTHER_FAMILY = 9
_CACHE = 1 << 21
_FACETS = 1 << 14
# A family of attributes that agrees by so many bits counts as a support.
SUPPORT_BITS = 1.0
# One support alone must leave a chance of error below one in a hundred.
STRONG_BITS = 6.64


class Scorer:
    """Numbers the values it meets, and remembers what pairs of them weigh."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._numbers: list[dict[Value, int]] = [{} for _ in model.comparisons]
        self._values: list[list[Value]] = [[] for _ in model.comparisons]
        self._facets: list[dict[int, Facets]] = [{} for _ in model.comparisons]
        self._terms = RunningTerms(model)
        self._ceilings: list[float] = []
        self._order: list[int] = []
        self._find_ceilings()
        self._weights: list[dict[int, float]] = [{} for _ in model.comparisons]
        families = [_FAMILY.get(each.kind, _OTHER_FAMILY) for each in model.comparisons]
        self._family_of = [sorted(set(families)).index(family) for family in families]
        self.families: Floats = np.array(
            [[float(each == family) for each in families] for family in sorted(set(families))]
        )

    def row(self, fields: Fields) -> Row:
        """Take a record: return the numbers of its values, -1 where there is none."""
        row = []
        for at, comparison in enumerate(self.model.comparisons):
            value = comparison.prepare(fields)
            if value is None:
                row.append(-1)
                continue
            numbers = self._numbers[at]
            number = numbers.get(value)
            if number is None:
                number = numbers[value] = len(numbers)
                self._values[at].append(value)
            row.append(number)
            self._terms.count(at, value)
        if self._terms.end_record():
            for known in self._weights:
                known.clear()
            self._find_ceilings()
        return tuple(row)

    def facets(self, row: Row) -> list[Facets]:
        return [self._facets_of(at, number) for at, number in enumerate(row) if number >= 0]

    def _facets_of(self, at: int, number: int) -> Facets:
        known = self._facets[at]
        found = known.get(number)
        if found is None:
            if len(known) >= _FACETS:
                known.clear()
            found = facets_of(self.model.comparisons[at], self._values[at][number])
            known[number] = found
        return found

    def value(self, at: int, number: int) -> Value:
        return self._values[at][number]

    def weight(self, at: int, a: int, b: int) -> float:
        """Return the bits that two values weigh at a comparison; neither may be missing."""
        if a > b:
            a, b = b, a
        known = self._weights[at]
        key = a << 32 | b
        found = known.get(key)
        if found is None:
            values = self._values[at]
            found = self._weigh(at, values[a], values[b])
            if len(known) >= _CACHE:
                known.clear()
            known[key] = found
        return found

    def _weigh(self, at: int, a: Value, b: Value) -> float:
        comparison, levels = self.model.comparisons[at], self.model.levels[at]
        level = comparison.level(a, b)
        if level not in levels.frequencies:
            return levels.weight(level)
        term = comparison.terms[level](a)
        return levels.weight(level, self._terms.frequency(at, level, term))

    def pairwise(self, rows: Sequence[Row]) -> tuple[Floats, Floats]:
        """Return weights and presence, both comparisons x records x records."""
        size = len(rows)
        columns = np.array(rows, dtype=np.int64).T
        weights = np.zeros((len(columns), size, size))
        present = (columns >= 0).astype(np.float64)
        for at, column in enumerate(zip(*rows, strict=True)):
            places: dict[int, int] = {}
            where = np.array([places.setdefault(number, len(places)) for number in column])
            numbers = list(places)
            table = np.zeros((len(numbers), len(numbers)))
            for i, a in enumerate(numbers):
                if a < 0:
                    continue
                for j in range(i, len(numbers)):
                    if numbers[j] >= 0:
                        table[i, j] = table[j, i] = self.weight(at, a, numbers[j])
            weights[at] = table[where[:, None], where]
        return weights, present[:, :, None] * present[:, None, :]

    def against(
        self, row: Row, members: Sequence[Row], least: float = -math.inf
    ) -> tuple[float, int]:
        """Return the mean weight of the record against the members, and how many supports.

        Where the weight cannot come above ``least`` any more, the rest is not looked at.
        """
        by_family = [0.0] * len(self.families)
        possible = sum(self._ceilings[at] for at, number in enumerate(row) if number >= 0)
        for at in self._order:
            number = row[at]
            if number < 0:
                continue
            known = self._weights[at]
            sum_of, count = 0.0, 0
            for member in members:
                other = member[at]
                if other >= 0:
                    key = number << 32 | other if number < other else other << 32 | number
                    bits = known.get(key)
                    sum_of += self.weight(at, number, other) if bits is None else bits
                    count += 1
            mean = sum_of / count if count else 0.0
            by_family[self._family_of[at]] += mean
            possible += mean - self._ceilings[at]
            if possible <= least:
                return -math.inf, 0
        return sum(by_family), sum(bits > SUPPORT_BITS for bits in by_family)

    def _find_ceilings(self) -> None:
        """Find the most that each comparison can weigh: what says most is asked first."""
        self._ceilings = [
            max(
                levels.weight(
                    level, self._terms.least(at, level) if level in levels.frequencies else None
                )
                for level in range(len(levels.match))
            )
            for at, levels in enumerate(self.model.levels)
        ]
        self._order = sorted(range(len(self._ceilings)), key=lambda at: -self._ceilings[at])
