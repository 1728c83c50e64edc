"""Remembers what was accepted lately, so that most repeats never reach the log."""

from __future__ import annotations

from collections import OrderedDict


class RecentEvents:
    """The ids accepted last, up to a bound. The next lane drops repeats exactly; this saves work.

    Add an id only once its event is durable: a sender that was told to come back must be heard.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def has(self, organisation: str, event_id: str) -> bool:
        key = (organisation, event_id)
        if key not in self._seen:
            return False
        self._seen.move_to_end(key)
        return True

    def add(self, organisation: str, event_id: str) -> None:
        self._seen[(organisation, event_id)] = None
        self._seen.move_to_end((organisation, event_id))
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
