"""When the next record of a replay may be sent. Nothing here sleeps or reads a clock."""

from __future__ import annotations

import math

_US_PER_SECOND = 1_000_000


class SpeedError(ValueError):
    """A speed that cannot be kept; the message says what may stand there."""


def parse_speed(text: str) -> float:
    """Return how many recorded seconds pass in one; infinity for "max". Raises SpeedError."""
    if text.strip().lower() == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise SpeedError(
            f"speed {text!r} is not usable: give a number above 0, such as 1 or 100, or max"
        )
    return speed


class Pacer:
    """Keeps a replay at its speed, from the first record it is asked about.

    The schedule is absolute: a sender that fell behind catches up. ``longest_wait`` (seconds of
    real time) cuts the recording's empty stretches short: what follows moves forward with it.
    """

    def __init__(self, speed: float, longest_wait: float = math.inf) -> None:
        self._us_per_second = speed * _US_PER_SECOND
        self._longest_wait = longest_wait
        self._anchor: tuple[int, float] | None = None

    def due_at(self, occurred_at_us: int, now: float) -> float:
        """Return the monotonic instant (seconds) at which the record may be sent; <= now: at once.

        ``now`` is the monotonic clock. Records come in replay order; asking again about the same
        one is allowed.
        """
        if self._anchor is None:
            self._anchor = (occurred_at_us, now)
        anchor_us, anchor_at = self._anchor
        due = anchor_at + (occurred_at_us - anchor_us) / self._us_per_second
        if due - now > self._longest_wait:
            due = now + self._longest_wait
            self._anchor = (occurred_at_us, due)
        return due
