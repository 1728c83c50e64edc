"""A replica of the cells: what the lane's topic says, in memory, for questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from services.kernel.lane.progress import WATERMARK
from services.kernel.lane.timers import TIMELINES
from services.kernel.telemetry import metrics
from services.kpi.domain.cells import LIVE
from services.kpi.domain.index import Index
from services.kpi.ports import Stamp
from services.kpi.tables import CELLS, RUNS, RunEnd

_SEPARATOR = b"\x00"
_CELLS = CELLS.name.encode()
_RUNS = RUNS.name.encode()
_TIMELINES = TIMELINES.name.encode()
_CLOSING = WATERMARK.name.encode()
_LIVE = LIVE.encode()


class StateRecord(NamedTuple):
    """A record of the lane's topic; a value of None is a tombstone."""

    partition: int
    key: bytes
    value: bytes | None


class Replica:
    """Satisfies :class:`services.kpi.ports.CellView`. An adapter brings the records in order."""

    def __init__(self, generation: int, partitions_total: int) -> None:
        self.partitions_total = partitions_total
        self.is_complete = False
        self._index = Index(generation)
        self._version = 0
        self._runs: dict[str, dict[int, RunEnd]] = {}
        # By partition. A transaction says its time before its cells, so its time waits for the
        # record that closes it.
        self._told_us: dict[int, int] = {}
        self._live_us: dict[int, int] = {}
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Count the cells."""
        return len(self._index)

    @property
    def stamp(self) -> Stamp:
        known = self._live_us
        lowest = min(known.values()) if len(known) == self.partitions_total else 0
        return Stamp(self._version, lowest)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Index]:
        async with self._lock:
            yield self._index

    def run_ends(self, run_id: str) -> Mapping[int, RunEnd]:
        return self._runs.get(run_id, {})

    async def wait_for_change(self, since: Stamp) -> None:
        while self.stamp == since:
            await self._changed.wait()

    async def take(self, records: Iterable[StateRecord]) -> None:
        """Apply records, each partition's in the order of its log, as one change."""
        async with self._lock:
            before = self.stamp
            for record in records:
                self._apply(record)
        metrics.KPI_CELLS.set(len(self._index))
        if self.stamp != before:
            self._changed.set()
            self._changed = asyncio.Event()

    def _apply(self, record: StateRecord) -> None:
        partition, key, value = record
        table, _, rest = key.partition(_SEPARATOR)
        if table == _CELLS:
            self._index.apply(rest.decode(), value)
            self._version += 1
        elif table == _RUNS and value is not None:
            self._runs.setdefault(rest.decode(), {})[partition] = RUNS.decode(value)
        elif table == _TIMELINES and rest == _LIVE and value is not None:
            self._told_us[partition] = TIMELINES.decode(value)
        elif table == _CLOSING and partition in self._told_us:
            self._live_us[partition] = self._told_us[partition]
