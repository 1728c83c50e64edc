"""A clock that a test moves."""

from __future__ import annotations


class ManualClock:
    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        return self._now_us

    def advance(self, microseconds: int) -> None:
        self._now_us += microseconds
