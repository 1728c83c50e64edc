"""Sla's lane: recorded events in, clocked events out."""

from __future__ import annotations

from typing import Final

from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec, Stage
from services.sla.domain.policies import PolicyBook
from services.sla.tables import CONVERSATIONS, POLICIES

LANE: Final = "sla.clock"

# Raise it with every change of what the rules decide.
_RULES_VERSION: Final = "1"


def lane_spec(book: PolicyBook) -> LaneSpec:
    return LaneSpec(
        name=LANE,
        input_topic="conversation.event-recorded.v1",
        output_topic="sla.event-clocked.v1",
        state_topic="sla.clock-state.v1",
        decision_version=f"{_RULES_VERSION}+{book.version}",
        tables=(CONVERSATIONS, POLICIES),
    )


def build_lane(
    book: PolicyBook, stage: Stage, *, accept_decision_version: bool = False
) -> LaneCore:
    return LaneCore(lane_spec(book), stage, accept_decision_version=accept_decision_version)
