"""What KPI's questions need from outside."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from services.kpi.domain.index import Index
from services.kpi.tables import RunEnd


class Stamp(NamedTuple):
    """What a view shows at one moment; two equal stamps mean nothing has changed."""

    # Rises with every change of a cell.
    version: int
    # The live timeline's watermark, the lowest of all partitions; 0 before each has shown one.
    live_watermark_us: int


class CellView(Protocol):
    """A replica of the cells of all partitions."""

    @property
    def is_complete(self) -> bool:
        """Say whether everything is here that was written before the view began to read."""
        ...

    @property
    def stamp(self) -> Stamp: ...

    @property
    def partitions_total(self) -> int: ...

    def reading(self) -> AbstractAsyncContextManager[Index]:
        """Keep the index as it is within the context, across the caller's waits."""
        ...

    def run_ends(self, run_id: str) -> Mapping[int, RunEnd]:
        """Return a run's end by partition, where all of the run is here."""
        ...

    async def wait_for_change(self, since: Stamp) -> None:
        """Return once the stamp is another."""
        ...
