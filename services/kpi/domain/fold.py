"""
The fold: facts in, changed cells out.

Facts of one flush group go into a group-local map at the finest resolution, a few dictionary
operations each; `close` merges that map once into the kept cells of both resolutions. Whatever
the order and the grouping of the facts, the cells come out the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.kpi.domain import cells, measures
from services.kpi.domain.cells import (
    COARSE_SECONDS,
    COARSE_US,
    FINE_SECONDS,
    FINE_US,
    Cell,
    Group,
    HorizonKey,
    Source,
    decode_key,
    encode_key,
    key_end,
)
from services.kpi.domain.measures import Kind
from services.kpi.domain.sketch import index_of

# Behind the timeline's watermark; the coarse cells stay.
FINE_KEPT_US = 2 * 24 * 3600 * 1_000_000

# A key of the cells' topic and its new value; None is a tombstone.
Change = tuple[str, bytes | None]

_DURATIONS = frozenset(m.id for m in measures.MEASURES.values() if m.kind is Kind.DURATION)

_COARSE_KEYS = tuple(f"{measure}/{COARSE_SECONDS:05}/" for measure in measures.MEASURES)

# What the facts of an event share: organisation, brand, channel, timeline.
Scope = tuple[str, str, str, str]

# Measure, instant, duration in microseconds (None for a measure that is only counted), sign.
Fact = tuple[str, int, int | None, int]


class FoldError(ValueError):
    """A fact or a record that this fold cannot take."""


@dataclass(slots=True)
class FoldState:
    """
    What a partition's fold keeps; `Fold.restore` rebuilds it from its own records.

    `cells` by encoded key; one that no fact has touched since it was restored is still bytes.
    `horizons` by timeline: no fine cell before this instant is kept. `fine_keys` by timeline and
    bucket: the keys that the horizon will reach next.
    """

    cells: dict[str, Cell | bytes] = field(default_factory=dict)
    horizons: dict[str, int] = field(default_factory=dict)
    fine_keys: dict[str, dict[int, list[str]]] = field(default_factory=dict)


class Fold:
    """The cells of one partition in one generation."""

    def __init__(self, generation: int, partition: int) -> None:
        self.state = FoldState()
        self._generation = generation
        self._partition = partition
        # By measure and minute within a scope, so that an event looks its scope up once.
        self._deltas: dict[Scope, dict[tuple[str, int], Cell]] = {}
        self._moved: set[str] = set()

    def add(self, scope: Scope, facts: Iterable[Fact]) -> None:
        """
        Count facts in (sign 1) or out (sign -1).

        The first refused one (`FoldError`, `SketchError`, `UnknownMeasureError`) ends it and
        leaves nothing of itself behind.
        """
        deltas = self._deltas.get(scope)
        if deltas is None:
            deltas = self._deltas[scope] = {}
        for measure, at_us, value_us, sign in facts:
            if (value_us is None) is (measure in _DURATIONS):
                raise _wrong_value(measure, value_us)
            index = 0 if value_us is None else index_of(value_us)
            key = (measure, at_us // FINE_US)
            delta = deltas.get(key)
            if delta is None:
                measures.measure(measure)
                delta = deltas[key] = Cell(at_us)
            delta.count += sign
            if at_us > delta.latest_at_us:  # noqa: PLR1730 - max() costs a tenth of this method
                delta.latest_at_us = at_us
            if value_us is not None:
                delta.sum_us += sign * value_us
                counts = delta.sketch
                counts[index] = counts.get(index, 0) + sign

    def advance(self, timeline: str, watermark_at_us: int) -> None:
        """
        Move a timeline's watermark; a lower one than before changes nothing.

        Fine cells go by whole quarter-hours, so that a coarse cell has all of its parts or none.
        """
        horizon = (watermark_at_us - FINE_KEPT_US) // COARSE_US * COARSE_US
        known = self.state.horizons.get(timeline)
        if known is None or horizon > known:
            self.state.horizons[timeline] = horizon
            self._moved.add(timeline)

    def close(self) -> list[Change]:
        """Merge the group and return what it changed: horizons, tombstones, cells; each sorted."""
        changed = self._merge_deltas()
        changes: list[Change] = []
        tombstones: list[Change] = []
        for timeline in sorted(self._moved):
            horizon = self.state.horizons[timeline]
            key = HorizonKey(FINE_SECONDS, self._source(timeline)).encode()
            changes.append((key, cells.encode_horizon(horizon)))
            tombstones += [(key, None) for key in self._expire(timeline, horizon)]
        self._moved.clear()
        return changes + sorted(tombstones) + [(k, changed[k].encode()) for k in sorted(changed)]

    def restore(self, records: Iterable[tuple[str, bytes]]) -> None:
        """Take back what this partition once wrote (`FoldError` for another's record)."""
        own = self._source(cells.LIVE).position
        for text, value in records:
            if not text.endswith(own):
                raise FoldError(
                    f"{text!r} was folded elsewhere, and this is generation {self._generation}, "
                    f"partition {self._partition}: restore each partition from its own records"
                )
            key = None if text.startswith(_COARSE_KEYS) else decode_key(text)
            if isinstance(key, HorizonKey):
                self.state.horizons[key.source.timeline] = cells.decode_horizon(value)
                continue
            self.state.cells[text] = value
            if key is not None and key.resolution_seconds == FINE_SECONDS:
                buckets = self.state.fine_keys.setdefault(key.source.timeline, {})
                buckets.setdefault(key.bucket_at_us, []).append(text)

    def _source(self, timeline: str) -> Source:
        return Source(timeline, self._generation, self._partition)

    def _merge_deltas(self) -> dict[str, Cell]:
        changed: dict[str, Cell] = {}
        for (*names, timeline), deltas in self._deltas.items():
            end = key_end(Group(*names), self._source(timeline))
            horizon = self.state.horizons.get(timeline)
            fine_keys = self.state.fine_keys.setdefault(timeline, {})
            for (measure, minute), delta in deltas.items():
                at_us = minute * FINE_US
                key = encode_key(measure, COARSE_SECONDS, at_us // COARSE_US * COARSE_US, end)
                self._merge(key, delta, changed)
                if horizon is None or at_us >= horizon:
                    key = encode_key(measure, FINE_SECONDS, at_us, end)
                    if self._merge(key, delta, changed):
                        fine_keys.setdefault(at_us, []).append(key)
        self._deltas.clear()
        return changed

    def _merge(self, key: str, delta: Cell, changed: dict[str, Cell]) -> bool:
        """Merge a delta into the cell it belongs to; return whether the cell is new."""
        cell = changed.get(key)
        is_new = False
        if cell is None:
            known = self.state.cells.get(key)
            is_new = known is None
            if known is None:
                cell = Cell(delta.latest_at_us)
            else:
                cell = Cell.decode(known) if isinstance(known, bytes) else known
            self.state.cells[key] = changed[key] = cell
        cell.merge(delta)
        return is_new

    def _expire(self, timeline: str, horizon: int) -> list[str]:
        buckets = self.state.fine_keys.get(timeline, {})
        expired = [key for at in sorted(buckets) if at < horizon for key in buckets.pop(at)]
        for key in expired:
            del self.state.cells[key]
        return expired


def _wrong_value(measure: str, value_us: int | None) -> FoldError:
    measures.measure(measure)
    if value_us is None:
        return FoldError(f"a fact of {measure!r} carries a duration: give its microseconds")
    return FoldError(f"a fact of {measure!r} is only counted: give None, not {value_us}")
