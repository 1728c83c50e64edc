"""One organisation's life without an end: told up to an instant, then going on from there."""

from __future__ import annotations

from collections.abc import Iterator

from services.simulator.domain.actions import Action
from services.simulator.domain.brands import LUMIO
from services.simulator.domain.rhythm import DAY_US
from services.simulator.domain.simulation import Simulation, crisis_of_day
from services.simulator.runs import size_of
from services.simulator.seeds import seeded_by

# How far ahead the calendar of crises goes; who plays longer has none after that.
_DAYS_AHEAD = 30
_END_US = 36_525 * DAY_US


class Story:
    """What happens from ``from_us`` on, with ``rate`` events per second of an average day.

    Crises stand in the calendar, one each day. Stories of one seed and rate tell the same of the
    time they have in common, ids included, but for conversations that began before either.
    """

    def __init__(self, seed: int, rate: float, from_us: int) -> None:
        seeded = seeded_by(seed)
        # The day before left its queue.
        first = from_us // DAY_US - 1
        crises = [
            crisis_of_day(seeded, day, LUMIO.brand_id) for day in range(first, first + _DAYS_AHEAD)
        ]
        size = size_of(rate)
        label = f"s{seed}d{size}-"
        self._actions = Simulation(seeded, label, size, crises).actions(from_us, _END_US)
        self._next = next(self._actions)

    def until(self, at_us: int) -> Iterator[Action]:
        """Yield what happens before an instant; the next call goes on from there."""
        while self._next.at_us < at_us:
            yield self._next
            self._next = next(self._actions)

    def rest(self) -> Iterator[Action]:
        """Yield everything that follows, without an end."""
        return self.until(_END_US)
