"""What the lane keeps, and what a replica reads of it: one topic is both."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane.state import bytes_table, table_of

CELL_TOPIC = "kpi.cell-changed.v1"


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run's last word in a partition: how many of its events were new, and how many known."""

    accepted: int
    duplicates: int


# By the domain's own keys.
CELLS = bytes_table("cell")
# By the run's id. It stands behind the cells of its transaction: who reads a run's end in a
# partition has read everything of the run there.
RUNS = table_of("run", RunEnd)
