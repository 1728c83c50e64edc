"""A log in memory: for tests, with the same promises as Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.kernel.lane.records import Output


class MemoryLog:
    """Implements ``RecordLog``.

    While it is away it holds what it was given, and takes it when it comes back, whether or not
    anybody still waits: as Kafka's producer does.
    """

    def __init__(self) -> None:
        self.records: list[Output] = []
        self._held: list[Output] = []
        self._there = asyncio.Event()
        self._there.set()

    def go_away(self) -> None:
        self._there.clear()

    def come_back(self) -> None:
        held, self._held = self._held, []
        self.records.extend(held)
        self._there.set()

    async def connect(self) -> None:
        """Connect at once: a log that is away is noticed when it does not take a record."""

    async def append(self, records: Sequence[Output]) -> None:
        if self._there.is_set():
            self.records.extend(records)
            return
        self._held.extend(records)
        await self._there.wait()

    async def stop(self) -> None:
        """Do nothing: memory needs no farewell."""
