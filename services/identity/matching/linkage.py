"""Clusters a few records by agglomeration: the same clusters whatever order they came in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NEVER = -np.inf
# A family of attributes that agrees by so many bits counts as a support.
_SUPPORT_BITS = 1.0


def agglomerate(
    weights: Floats,
    present: Floats,
    families: Floats,
    bias: float,
    forbidden: NDArray[np.bool_] | None = None,
    supports: int = 2,
) -> list[list[int]]:
    """Merge the best pair of clusters while its weight with the bias is above zero.

    Two clusters weigh, for each attribute, the mean over all pairs of their records in which both
    have it: so a record that lacks a date is joined by what it has to those whose date is known.
    """
    size = weights.shape[1]
    sums, counts = weights.copy(), present.copy()
    members = [[each] for each in range(size)]
    allowed = (
        ~np.eye(size, dtype=bool) if forbidden is None else ~(forbidden | np.eye(size, dtype=bool))
    )
    score = _score(sums, counts, families, bias, supports)
    score[~allowed] = _NEVER
    while True:
        at = int(np.argmax(score))
        a, b = divmod(at, size)
        if score[a, b] <= 0:
            break
        if a > b:
            a, b = b, a
        members[a] += members[b]
        members[b] = []
        sums[:, a, :] += sums[:, b, :]
        sums[:, :, a] = sums[:, a, :]
        counts[:, a, :] += counts[:, b, :]
        counts[:, :, a] = counts[:, a, :]
        allowed[a] &= allowed[b]
        allowed[:, a] = allowed[a]
        allowed[b] = allowed[:, b] = False
        row = _score(sums[:, a : a + 1, :], counts[:, a : a + 1, :], families, bias, supports)[0]
        row[~allowed[a]] = _NEVER
        score[a] = score[:, a] = row
        score[b] = score[:, b] = _NEVER
    return [sorted(each) for each in members if each]


def _score(sums: Floats, counts: Floats, families: Floats, bias: float, supports: int) -> Floats:
    means = sums / np.maximum(counts, 1.0)
    total = means.sum(axis=0) + bias
    by_family = np.tensordot(families, means, axes=1)
    total[(by_family > _SUPPORT_BITS).sum(axis=0) < supports] = _NEVER
    return np.asarray(total)


def conflicts(values: Sequence[str | None]) -> NDArray[np.bool_] | None:
    """Forbid the pairs of records whose values are both there and equal (one of a source)."""
    if not any(values):
        return None
    return np.array([[bool(a) and a == b for b in values] for a in values])


Conflict = Callable[[Sequence[str | None]], NDArray[np.bool_] | None]
