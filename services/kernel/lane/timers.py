"""Event-time timers of one partition: moved by events and ticks only, each fires once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from services.kernel.lane.state import Table, table_of


@dataclass(frozen=True, slots=True)
class Timer:
    timer_id: str
    timeline: str
    due_at_us: int


TIMERS = table_of("_timer", Timer)
TIMELINES = table_of("_timeline", int)


class Timers:
    """The timers and watermarks of a partition, by timeline.

    A timeline's watermark is the latest time that an event or a tick of it has shown; a timer is
    due when the watermark has *passed* its time, so that an event at the very instant still counts.
    """

    def __init__(self, timers: Table[Timer], watermarks: Table[int]) -> None:
        self._timers = timers
        self._watermarks = watermarks
        self._heaps: dict[str, list[tuple[int, str]]] = {}
        # The watermarks as they are now; the table learns of them once per flush group.
        self._marks: dict[str, int] = {}
        self._moved: dict[str, None] = {}

    def rebuild(self) -> None:
        """Build the heaps from restored tables."""
        self._heaps = {}
        for timer_id, timer in self._timers.items():
            self._heaps.setdefault(timer.timeline, []).append((timer.due_at_us, timer_id))
        for heap in self._heaps.values():
            heapify(heap)
        self._marks = dict(self._watermarks.items())

    def set(self, timer: Timer) -> None:
        """Set a timer, or move the one of the same id."""
        known = self._timers.get(timer.timer_id)
        if known == timer:
            return
        self._timers.put(timer.timer_id, timer)
        heappush(self._heaps.setdefault(timer.timeline, []), (timer.due_at_us, timer.timer_id))

    def cancel(self, timer_id: str) -> None:
        if timer_id in self._timers:
            self._timers.delete(timer_id)

    def watermark_us(self, timeline: str) -> int:
        return self._marks.get(timeline, 0)

    def advance(self, timeline: str, at_us: int) -> Iterable[Timer]:
        """Move the timeline to ``at_us`` and give the timers that are due, earliest first.

        The caller may set and cancel timers between two of them. Time never moves back.
        """
        if at_us <= self._marks.get(timeline, 0):
            return ()
        heap = self._heaps.get(timeline)
        if heap and heap[0][0] < at_us:
            return self._fire(timeline, heap, at_us)
        self._raise_watermark(timeline, at_us)
        return ()

    def _fire(self, timeline: str, heap: list[tuple[int, str]], at_us: int) -> Iterator[Timer]:
        while heap and heap[0][0] < at_us:
            due_at_us, timer_id = heappop(heap)
            timer = self._timers.get(timer_id)
            if timer is None or timer.due_at_us != due_at_us or timer.timeline != timeline:
                continue  # cancelled or moved since
            self._timers.delete(timer_id)
            self._raise_watermark(timeline, due_at_us)
            yield timer
        self._raise_watermark(timeline, at_us)

    def _raise_watermark(self, timeline: str, at_us: int) -> None:
        if at_us > self._marks.get(timeline, 0):
            self._marks[timeline] = at_us
            self._moved[timeline] = None

    def store_watermarks(self) -> None:
        """Write the watermarks that moved since the last call into their table."""
        moved, self._moved = self._moved, {}
        for timeline in moved:
            self._watermarks.put(timeline, self._marks[timeline])
