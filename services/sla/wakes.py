"""When the conversations of one partition wake up, findable by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Self

from services.kernel.lane.timers import Timer

_MINUTE_US: Final = 60_000_000


class Wakes:
    """The lane's timers in buckets of a minute: cheap to move, and sorted only where read.

    Not stored: it is made of the timers, which are.
    """

    def __init__(self) -> None:
        # By timeline and minute: conversation id to the instant at which it wakes.
        self._minutes: dict[str, dict[int, dict[str, int]]] = {}

    @classmethod
    def of(cls, timers: Iterable[Timer]) -> Self:
        wakes = cls()
        for timer in timers:
            wakes.add(timer)
        return wakes

    def add(self, timer: Timer) -> None:
        minutes = self._minutes.setdefault(timer.timeline, {})
        minutes.setdefault(timer.due_at_us // _MINUTE_US, {})[timer.timer_id] = timer.due_at_us

    def drop(self, timer: Timer) -> None:
        """Take out a timer that fired or was moved."""
        minutes = self._minutes.get(timer.timeline, {})
        minute = timer.due_at_us // _MINUTE_US
        bucket = minutes.get(minute, {})
        bucket.pop(timer.timer_id, None)
        if not bucket:
            minutes.pop(minute, None)

    def soonest(self, timeline: str) -> Iterator[tuple[int, str]]:
        """Yield instant and conversation id, the earliest first; nothing may change meanwhile."""
        minutes = self._minutes.get(timeline, {})
        for minute in sorted(minutes):
            yield from sorted((at_us, key) for key, at_us in minutes[minute].items())
