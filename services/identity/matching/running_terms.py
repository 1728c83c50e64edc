"""How frequent terms are in what has come, seen through snapshots: one an epoch.

Weights by live counters would depend on the moment at which a pair is weighed; by a snapshot they
are the same for all pairs of an epoch, and a replay turns the epochs at the same records.
"""

from __future__ import annotations

from services.identity.matching.comparisons import Value
from services.identity.matching.model import Model

# An epoch ends when so many records have come, the next one at twice as many.
FIRST_EPOCH = 16_384


class RunningTerms:
    """Counts terms on top of those the model was trained on."""

    def __init__(self, model: Model, first_epoch: int = FIRST_EPOCH) -> None:
        self._model = model
        self._now: list[dict[int, dict[str, int]]] = [
            {level: {} for level in sorted(each.terms)} for each in model.comparisons
        ]
        # What came since the snapshot; the snapshot is what is left of the counts without it.
        self._since: list[dict[int, dict[str, int]]] = [
            {level: {} for level in counts} for counts in self._now
        ]
        self._records = 0
        self._in_snapshot = 0
        self._epoch_ends = first_epoch

    def count(self, at: int, value: Value) -> None:
        """Count the terms of a record's value at the comparison at that place."""
        terms = self._model.comparisons[at].terms
        for level, counts in self._now[at].items():
            if term := terms[level](value):
                counts[term] = counts.get(term, 0) + 1
                since = self._since[at][level]
                since[term] = since.get(term, 0) + 1

    def end_record(self) -> bool:
        """Say whether an epoch ended with this record: then what was weighed weighs otherwise."""
        self._records += 1
        if self._records < self._epoch_ends:
            return False
        self._epoch_ends *= 2
        self._in_snapshot = self._records
        for levels in self._since:
            for counts in levels.values():
                counts.clear()
        return True

    def least(self, at: int, level: int) -> float:
        """Return a frequency that no term is below."""
        return min([self.frequency(at, level, ""), *self._shrunk(at, level)])

    def _shrunk(self, at: int, level: int) -> list[float]:
        """Return what the trained frequencies are at least, were none of the terms to come up."""
        levels, trained_on = self._model.levels[at], self._model.trained_on
        share = trained_on / (trained_on + self._in_snapshot)
        return [each * share for each in levels.frequencies[level].values()]

    def frequency(self, at: int, level: int, term: str) -> float:
        """Return the share of records with the term, by the model and the last snapshot."""
        levels = self._model.levels[at]
        trained = levels.frequencies[level].get(term, levels.rare)
        if not self._in_snapshot:
            return trained
        held = self._now[at][level].get(term, 0) - self._since[at][level].get(term, 0)
        trained_on = self._model.trained_on
        return (trained * trained_on + held) / (trained_on + self._in_snapshot)
