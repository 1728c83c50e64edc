"""KPI's lane: clocked events in, cells into the lane's own state topic."""

from __future__ import annotations

from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec
from services.kernel.topics import topic
from services.kpi.handlers import FoldFacts
from services.kpi.tables import CELL_TOPIC, CELLS, RUNS

LANE = "kpi.fold"


def lane_spec() -> LaneSpec:
    return LaneSpec(
        name=LANE,
        input_topic="sla.event-clocked.v1",
        state_topic=CELL_TOPIC,
        decision_version="1",
        # A run's end is written behind the cells.
        tables=(CELLS, RUNS),
    )


def make_stage() -> FoldFacts:
    return FoldFacts(topic(CELL_TOPIC).generation)


def build_lane(*, accept_decision_version: bool = False) -> LaneCore:
    return LaneCore(lane_spec(), make_stage(), accept_decision_version=accept_decision_version)
