"""The indexer's lane: clocked events in, documents out."""

from __future__ import annotations

from services.indexer.handlers import CONVERSATIONS, IndexEvents
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec

SPEC = LaneSpec(
    name="indexer.index",
    input_topic="sla.event-clocked.v1",
    state_topic="indexer.index-state.v1",
    decision_version="1",
    tables=(CONVERSATIONS,),
)


def build_lane(*, accept_decision_version: bool = False) -> LaneCore:
    return LaneCore(SPEC, IndexEvents(), accept_decision_version=accept_decision_version)
