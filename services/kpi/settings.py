"""KPI reads what every lane reads."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane_service import LaneServiceSettings


@dataclass(frozen=True, slots=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`.

    Groups are larger here: facts of the same cell are written once a group, and nobody downstream
    waits for them; the wall shows a second anyway.
    """

    group_records: int = 128
    group_interval_seconds: float = 0.2
