"""Numbers as people read them across a room: no more digits than they can use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

MISSING = "—"

# From here on a count is shortened: beside its unit, more digits do not fit a tile.
_SHORTEN_FROM = 100_000
# Unit, its seconds, and where the next larger unit takes over, as it would be written.
_DURATIONS = (("seconds", 1.0, 60.0), ("minutes", 60.0, 60.0), ("hours", 3600.0, 48.0))
_DAY_SECONDS = 86_400.0
_SIGNIFICANT = 3
_TEN = 10


class Quantity(NamedTuple):
    """``text`` to show, and the unit it is in: another than the figure's own for durations."""

    text: str
    unit: str


class Scale(NamedTuple):
    """A language's way to shorten: English has k for 1,000, Chinese 万 for 10,000."""

    factor: int
    suffix: str


def quantity(value: float | None, unit: str, scales: Sequence[Scale]) -> Quantity:
    """Write a figure; nothing, not-a-number and infinity are the missing value, never 0."""
    if value is None or not math.isfinite(value):
        return Quantity(MISSING, unit)
    if unit == "seconds":
        return _duration(value)
    return Quantity(number(value, scales), unit)


def number(value: float, scales: Sequence[Scale]) -> str:
    if round(abs(value)) >= _SHORTEN_FROM:
        return _shortened(value, scales)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _duration(seconds: float) -> Quantity:
    for unit, size, limit in _DURATIONS:
        amount = seconds / size
        text = f"{amount:.0f}" if unit == "seconds" and amount >= _TEN else f"{amount:.1f}"
        if float(text) < limit:
            return Quantity(text, unit)
    days = seconds / _DAY_SECONDS
    return Quantity(f"{days:,.1f}", "days")


def _shortened(value: float, scales: Sequence[Scale]) -> str:
    # Rounded first: 999,999 is a million, not a thousand thousands.
    rounded = round(value, _SIGNIFICANT - len(str(round(abs(value)))))
    scale = max(scale for scale in scales if scale.factor <= abs(rounded))
    amount = rounded / scale.factor
    decimals = max(0, _SIGNIFICANT - len(str(int(abs(amount)))))
    return f"{amount:,.{decimals}f}{scale.suffix}"
