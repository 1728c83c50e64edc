"""Clusters a few records by agglomeration: the same clusters whatever order they came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.identity.matching.scoring import STRONG_BITS, SUPPORT_BITS

Floats = NDArray[np.float64]
_NEVER = -np.inf


def agglomerate(
    weights: Floats,
    present: Floats,
    families: Floats,
    bias: float,
    *,
    supports: int = 2,
    start: Sequence[Sequence[int]] = (),
    forbidden: NDArray[np.bool_],
) -> list[list[int]]:
    """Merge the best pair of clusters while its weight with the bias is above zero.

    Two clusters weigh, for each attribute, the mean over all pairs of their records in which both
    have it: so a record that lacks a date is joined by what it has to those whose date is known.
    ``start`` holds the records that are together already; of two forbidden records none may come
    into the other's cluster.
    """
    size = weights.shape[1]
    same = np.eye(size, dtype=np.bool_)
    clusters = _Clusters(
        [[each] for each in range(size)],
        weights.copy(),
        present.copy(),
        ~(same | forbidden),
    )
    for first, *others in start:
        for each in others:
            clusters.merge(first, each)
    score = _score(clusters.sums, clusters.counts, families, bias, supports)
    score[~clusters.allowed] = _NEVER
    while True:
        a, b = sorted(divmod(int(np.argmax(score)), size))
        if score[a, b] <= 0:
            return [sorted(each) for each in clusters.members if each]
        clusters.merge(a, b)
        sums, counts = clusters.sums[:, a : a + 1, :], clusters.counts[:, a : a + 1, :]
        row = _score(sums, counts, families, bias, supports)[0]
        row[~clusters.allowed[a]] = _NEVER
        score[a] = score[:, a] = row
        score[b] = score[:, b] = _NEVER


@dataclass(slots=True)
class _Clusters:
    members: list[list[int]]
    sums: Floats  # of weights, comparisons x clusters x clusters
    counts: Floats
    allowed: NDArray[np.bool_]

    def merge(self, a: int, b: int) -> None:
        self.members[a] += self.members[b]
        self.members[b] = []
        for table in (self.sums, self.counts):
            table[:, a, :] += table[:, b, :]
            table[:, :, a] = table[:, a, :]
        self.allowed[a] &= self.allowed[b]
        self.allowed[:, a] = self.allowed[a]
        self.allowed[b] = self.allowed[:, b] = False


def _score(sums: Floats, counts: Floats, families: Floats, bias: float, supports: int) -> Floats:
    means = sums / np.maximum(counts, 1.0)
    total = means.sum(axis=0) + bias
    by_family = families @ means.reshape(len(means), -1)
    supported = (by_family > SUPPORT_BITS).sum(axis=0).reshape(total.shape) >= supports
    total[~supported & (total < STRONG_BITS)] = _NEVER
    return np.asarray(total)


def join_by_hand(
    parts: Sequence[Sequence[int]],
    said: Sequence[tuple[int, int]],
    vetoed: NDArray[np.bool_],
) -> list[list[int]]:
    """Join the parts of which somebody said so, whole, unless two of their records are vetoed."""
    of_place = {place: list(part) for part in parts for place in part}
    for part in parts:
        shared = of_place[part[0]]
        of_place.update(dict.fromkeys(part, shared))
    for a, b in sorted(said):
        first, second = of_place[a], of_place[b]
        if first is second or vetoed[np.ix_(first, second)].any():
            continue
        first += second
        of_place.update(dict.fromkeys(second, first))
    distinct = {id(part): part for part in of_place.values()}
    return sorted(sorted(part) for part in distinct.values())
