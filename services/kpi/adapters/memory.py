"""The cells' topic in memory, for tests and for whoever wants a view without a broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.kernel.lane.records import Change
from services.kpi.replica import Replica, StateRecord


class MemoryCells:
    """Keeps the log, and brings it to the replicas that read it."""

    def __init__(self) -> None:
        self._log: list[StateRecord] = []
        self._readers: list[Replica] = []

    async def write(self, changes: Mapping[int, Sequence[Change]]) -> None:
        """Append each partition's changes as one transaction."""
        records = [
            StateRecord(partition, key, value)
            for partition, rows in changes.items()
            for key, value in rows
        ]
        self._log += records
        for replica in self._readers:
            await replica.take(records)

    async def read_into(self, replica: Replica) -> None:
        await replica.take(self._log)
        self._readers.append(replica)
        replica.is_complete = True
