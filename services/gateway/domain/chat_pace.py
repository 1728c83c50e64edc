"""How fast somebody may go: so many at once, and so many a minute."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_MINUTE_US = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    at_once: int
    a_minute: int


class PaceKeeper:
    """Remembers by name who has how much left; whoever was not there for longest is forgotten.

    Forgetting favours nobody for long: a minute refills what was used.
    """

    def __init__(self, pace: Pace, most_names: int = 50_000) -> None:
        self._pace = pace
        self._most = most_names
        # What is left, and as of when.
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, name: str, now_us: int) -> bool:
        left, at_us = self._left.pop(name, (float(self._pace.at_once), now_us))
        refilled = left + max(now_us - at_us, 0) * self._pace.a_minute / _MINUTE_US
        left = min(refilled, float(self._pace.at_once))
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, max(now_us, at_us))
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return allowed
