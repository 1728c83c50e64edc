"""KPI reads what every lane reads."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane_service import LaneServiceSettings


@dataclass(frozen=True, slots=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`.

    Groups are larger here. Facts of one cell are written once a group and every replica reads what
    is written, so half as many groups are nearly half the work; nobody downstream waits for them,
    and the wall shows a second anyway.
    """

    group_records: int = 256
    group_interval_seconds: float = 0.5
