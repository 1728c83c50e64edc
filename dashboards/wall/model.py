"""What a tile says: pure, from figures and instants to values, statuses and freshness."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboards.wall.figures import Definition, Figure, Figures
from dashboards.wall.view import View

STALE_AFTER_US = 30_000_000
GONE_AFTER_US = 120_000_000
# A clock that stepped back further than this makes the age unknown instead of young.
_STEP_TOLERANCE_US = 1_000_000
# A target missed by no more than this share of itself is a warning; by more, it is critical.
WARNING_SHARE = 0.25


class Status(StrEnum):
    NONE = "none"
    ON_TARGET = "on_target"
    WARNING = "warning"
    CRITICAL = "critical"


class Freshness(StrEnum):
    FRESH = "fresh"
    # Shown dimmed, with the time it is from.
    STALE = "stale"
    # Not shown any more.
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Trend:
    """Values of the buckets, oldest first; None = nothing to read. ``target`` is per bucket."""

    points: tuple[float | None, ...]
    step_us: int
    target: float | None
    # The last bucket is still filling.
    partial: bool

    @property
    def peak(self) -> float | None:
        return max((point for point in self.points if point is not None), default=None)


@dataclass(frozen=True, slots=True)
class Tile:
    """``definition`` is None when the kpi service does not know the KPI, or was never reached."""

    kpi: str
    definition: Definition | None
    value: float | None
    p90: float | None
    count: int | None
    status: Status
    trend: Trend | None


def age_us(view: View, *, now_us: int, watermark_us: int, contact_us: int | None) -> int | None:
    """
    Say how old what is shown is; None = unknown, which is worse than old.

    Live figures are as old as the live watermark or the last contact, whichever is older. A past
    moment's figures do not age; only silence counts.
    """
    if contact_us is None or now_us < contact_us - _STEP_TOLERANCE_US:
        return None
    silence_us = max(0, now_us - contact_us)
    if view.at_us is not None:
        return silence_us
    if watermark_us <= 0:
        return None
    return max(silence_us, now_us - watermark_us)


def freshness(age_us: int | None) -> Freshness:
    if age_us is None or age_us > GONE_AFTER_US:
        return Freshness.GONE
    return Freshness.STALE if age_us > STALE_AFTER_US else Freshness.FRESH


def status_of(value: float | None, target: float | None, direction: str) -> Status:
    """Judge a value by its target; without either there is nothing to judge."""
    if value is None or target is None:
        return Status.NONE
    missed_by = value - target if direction == "down" else target - value
    if missed_by <= 0:
        return Status.ON_TARGET
    return Status.WARNING if missed_by <= WARNING_SHARE * abs(target) else Status.CRITICAL


def tiles(kpis: Sequence[str], view: View, figures: Figures) -> tuple[Tile, ...]:
    # With any fact in view, a count without facts is a true zero; with none, nothing is known.
    known = any(view.brand in figures.totals.get(kpi, {}) for kpi in kpis)
    return tuple(_tile(kpi, view, figures, known=known) for kpi in kpis)


def _tile(kpi: str, view: View, figures: Figures, *, known: bool) -> Tile:
    definition = figures.definitions.get(kpi)
    if definition is None or not known:
        return _empty(kpi, definition)
    zero = 0.0 if definition.reading == "count" else None
    figure = figures.totals.get(kpi, {}).get(view.brand) or Figure(count=0, value=zero)
    value = _readable(figure.value)
    return Tile(
        kpi=kpi,
        definition=definition,
        value=value,
        p90=_readable(figure.p90),
        count=figure.count,
        status=status_of(value, definition.target, definition.direction),
        trend=_trend(figures, definition, figures.trends.get(kpi, {}).get(view.brand, {}), zero),
    )


def _trend(
    figures: Figures, definition: Definition, values: Mapping[int, float], zero: float | None
) -> Trend:
    ranges = figures.ranges
    starts = range(
        ranges.trend_from_us,
        ranges.trend_from_us + ranges.points * ranges.step_us,
        ranges.step_us,
    )
    target = definition.target
    if target is not None and definition.reading == "count":
        # A count's target is for the whole window; a bucket's fair share of it is the line.
        target /= ranges.points
    return Trend(
        points=tuple(_readable(values.get(start, zero)) for start in starts),
        step_us=ranges.step_us,
        target=target,
        partial=ranges.partial,
    )


def _empty(kpi: str, definition: Definition | None) -> Tile:
    return Tile(kpi, definition, None, None, None, Status.NONE, None)


def _readable(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
