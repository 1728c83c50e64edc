"""How good a clustering is against the truth: pairwise and B-cubed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quality:
    precision: float
    recall: float
    f1: float
    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_f1: float
    clusters: int
    mixed_clusters: int
    """Clusters that hold more than one true person."""


def quality(found: Sequence[Hashable], true: Sequence[Hashable]) -> Quality:
    """Compare the cluster of each record with its true one."""
    of_found, of_true = Counter(found), Counter(true)
    both = Counter(zip(found, true, strict=True))
    hits = sum(map(_pairs, both.values()))
    precision = _share(hits, sum(map(_pairs, of_found.values())))
    recall = _share(hits, sum(map(_pairs, of_true.values())))
    records = len(found)
    exact = sum(count * count / of_found[cluster] for (cluster, _), count in both.items())
    complete = sum(count * count / of_true[person] for (_, person), count in both.items())
    people = Counter(cluster for cluster, _ in both)
    return Quality(
        precision,
        recall,
        _harmonic(precision, recall),
        _share(exact, records),
        _share(complete, records),
        _harmonic(_share(exact, records), _share(complete, records)),
        len(of_found),
        sum(count > 1 for count in people.values()),
    )


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
