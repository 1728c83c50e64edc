"""Trains the weights on records without labels: EM over pairs that agree on something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from services.identity.matching.comparisons import Comparison, Fields, Value, comparisons_of
from services.identity.matching.expectation import Patterns, estimate
from services.identity.matching.model import Levels, Model, dump, load

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SEED = 20_240_229
_RANDOM_PAIRS = 300_000
_PAIRS_PER_SESSION = 60_000
_MAX_SESSIONS = 8
# A session needs pairs of which a good part match: few pairs a record, and not too few in all.
_MOST_PAIRS_PER_RECORD, _FEWEST_PAIRS = 30, 20
_GROUP_LIMIT = 400
_LISTED_TERMS = 20_000
_ROUNDS = 3


class TooFewRecordsError(ValueError):
    """There is nothing to learn from."""


def train(
    kinds: Mapping[str, str],
    records: Iterable[Fields],
    progress: Callable[[str], None] = lambda _: None,
) -> Model:
    """Return the model; the same records in the same order give the same model."""
    comparisons = comparisons_of(kinds)
    progress("reading")
    table = Table(comparisons, records)
    if table.size < 2:  # noqa: PLR2004
        raise TooFewRecordsError("training needs at least two records")
    progress("comparing random pairs")
    chance = np.random.default_rng(_SEED)
    random = table.levels(_random_pairs(table.size, chance))
    sessions = _sessions(table, chance)
    progress(f"comparing pairs in {len(sessions)} blocks")
    patterns = [
        Patterns.of(table.levels(session.pairs), session.blocked_on, session.scale)
        for session in sessions
    ]
    progress("expectation maximisation")
    sizes = [len(each.levels) for each in comparisons]
    fit = estimate(sizes, Patterns.of(random, (), 1.0), patterns, table.presence(), table.size)
    levels = tuple(
        Levels(
            tuple(map(float, fit.match[at])),
            tuple(map(float, fit.non_match[at])),
            table.frequencies(at),
            table.rare(at),
        )
        for at in range(len(comparisons))
    )
    model = Model(dict(kinds), tuple(comparisons), levels, fit.prior, table.size)
    return load(dump(model))  # so that what is used is what is written


class Table:
    """Records as columns of numbers: which value, and which term at equality."""

    def __init__(self, comparisons: Sequence[Comparison], records: Iterable[Fields]) -> None:
        self.comparisons = comparisons
        self._values: list[list[Value]] = [[] for _ in comparisons]
        known: list[dict[Value, int]] = [{} for _ in comparisons]
        rows: list[list[int]] = []
        for record in records:
            row = []
            for at, comparison in enumerate(comparisons):
                value = comparison.prepare(record)
                if value is None:
                    row.append(-1)
                    continue
                number = known[at].setdefault(value, len(known[at]))
                if number == len(self._values[at]):
                    self._values[at].append(value)
                row.append(number)
            rows.append(row)
        self.numbers: Ints = np.array(rows, dtype=np.int64).reshape(-1, len(comparisons)).T.copy()
        self.size = len(rows)

    def presence(self) -> Floats:
        return np.asarray((self.numbers >= 0).mean(axis=1))

    def terms(self, at: int) -> Ints:
        """Give each record the number of what it holds at equality, -1 where it holds nothing."""
        term = self.comparisons[at].terms[0]
        known: dict[str, int] = {}
        of_value = [
            known.setdefault(text, len(known)) if (text := term(value)) else -1
            for value in self._values[at]
        ]
        return np.asarray(np.array([*of_value, -1], dtype=np.int64)[self.numbers[at]])

    def counts(self, at: int, level: int) -> Counter[str]:
        """Count the terms of a level over all records."""
        numbers = self.numbers[at]
        of_value = np.bincount(numbers[numbers >= 0], minlength=len(self._values[at]))
        term = self.comparisons[at].terms[level]
        counts: Counter[str] = Counter()
        for value, count in zip(self._values[at], of_value, strict=True):
            if text := term(value):
                counts[text] += int(count)
        return counts

    def frequencies(self, at: int) -> dict[int, dict[str, float]]:
        found = {}
        for level in sorted(self.comparisons[at].terms):
            counts = self.counts(at, level)
            total = sum(counts.values()) or 1
            often = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_LISTED_TERMS]
            found[level] = {term: count / total for term, count in often if count > _RARE}
        return found

    def rare(self, at: int) -> float:
        present = int((self.numbers[at] >= 0).sum())
        return min(0.5, _RARE / max(present, 1))

    def levels(self, pairs: Ints) -> Ints:
        """Return the level of each pair at each comparison; -1 where a value is missing."""
        found = np.full((len(self.comparisons), pairs.shape[1]), -1, dtype=np.int64)
        for at, comparison in enumerate(self.comparisons):
            a, b = self.numbers[at][pairs[0]], self.numbers[at][pairs[1]]
            both = (a >= 0) & (b >= 0)
            values = self._values[at]
            width = max(len(values), 1)
            joint = np.minimum(a, b)[both] * width + np.maximum(a, b)[both]
            distinct, where = np.unique(joint, return_inverse=True)
            level = np.array(
                [
                    comparison.level(values[each // width], values[each % width])
                    for each in distinct.tolist()
                ],
                dtype=np.int64,
            )
            found[at][both] = level[where]
        return found


# A term with no more carriers than this counts as rare.
_RARE = 2


@dataclass(frozen=True, slots=True)
class _Session:
    blocked_on: tuple[int, ...]
    pairs: Ints
    # How many pairs each of the sampled ones stands for.
    scale: float


def _random_pairs(size: int, chance: np.random.Generator) -> Ints:
    wanted = min(_RANDOM_PAIRS, size * (size - 1) // 2)
    a = chance.integers(0, size, wanted)
    b = (a + chance.integers(1, size, wanted)) % size
    return np.stack([a, b])


def _sessions(table: Table, chance: np.random.Generator) -> list[_Session]:
    """Choose what to block on: each comparison alone, or two, where that leaves few pairs."""
    terms = [table.terms(at) for at in range(len(table.comparisons))]
    sessions: list[_Session] = []
    alone: list[int] = []
    limit = _MOST_PAIRS_PER_RECORD * table.size
    for size in (1, 2, 3):
        for chosen in combinations(range(len(terms)), size):
            if any(at in alone for at in chosen) or len(sessions) >= _MAX_SESSIONS:
                continue
            groups = _groups([terms[at] for at in chosen])
            count = int((groups[1] * (groups[1] - 1) // 2).sum())
            if _FEWEST_PAIRS <= count <= limit:
                pairs = _pairs_within(groups, chance)
                if pairs.shape[1] < _FEWEST_PAIRS:
                    continue
                sessions.append(_Session(chosen, pairs, count / pairs.shape[1]))
                if size == 1:
                    alone.append(chosen[0])
        if len(sessions) >= 3:  # noqa: PLR2004  # each comparison stands free in two of three
            break
    return sessions


def _groups(terms: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Return the records sorted by group, and the sizes of the groups of two and more."""
    held = np.flatnonzero(np.all([each >= 0 for each in terms], axis=0))
    joint = np.zeros(len(held), dtype=np.int64)
    for each in terms:
        _, joint = np.unique(
            joint * (int(each.max(initial=0)) + 1) + each[held], return_inverse=True
        )
    order = np.argsort(joint, kind="stable")
    sizes = np.bincount(joint) if len(joint) else np.zeros(0, dtype=np.int64)
    keep = (sizes > 1) & (sizes <= _GROUP_LIMIT)
    return held[order][np.repeat(keep, sizes)], sizes[keep]


def _pairs_within(groups: tuple[Ints, Ints], chance: np.random.Generator) -> Ints:
    records, sizes = groups
    starts = np.cumsum(sizes) - sizes
    order = chance.permutation(len(sizes))
    left: list[Ints] = []
    count = 0
    for number in order.tolist():
        size, start = int(sizes[number]), int(starts[number])
        a, b = np.triu_indices(size, 1)
        left.append(np.stack([records[start + a], records[start + b]]))
        count += size * (size - 1) // 2
        if count >= _PAIRS_PER_SESSION:
            break
    return np.concatenate(left, axis=1) if left else np.zeros((2, 0), dtype=np.int64)
