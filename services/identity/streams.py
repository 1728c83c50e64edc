"""Identity's two lanes, each run as its own process."""

from __future__ import annotations

from services.identity.handlers.assign import ACCEPTED, PARTIES, RUNS, AssignParties
from services.identity.handlers.resolve import (
    GRAPH_CARRIERS,
    GRAPH_CUSTOMERS,
    GRAPH_PARTIES,
    GRAPH_SIZES,
    ResolveParties,
)
from services.identity.ports import PhoneNumbers
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec

ASSIGN_LANE = "identity.assign"
RESOLVE_LANE = "identity.resolve"


def assign_spec() -> LaneSpec:
    """Take accepted events; write identified ones, and evidence aside."""
    return LaneSpec(
        name=ASSIGN_LANE,
        input_topic="intake.event-accepted.v1",
        output_topic="identity.event-identified.v1",
        state_topic="identity.assign-state.v1",
        decision_version="1",
        tables=(ACCEPTED, PARTIES, RUNS),
    )


def resolve_spec(phone_numbers: PhoneNumbers) -> LaneSpec:
    """Take evidence; answer to the head alone."""
    return LaneSpec(
        name=RESOLVE_LANE,
        input_topic="identity.evidence-found.v1",
        state_topic="identity.resolve-state.v1",
        decision_version=f"1+{phone_numbers.version}",
        tables=(GRAPH_PARTIES, GRAPH_CARRIERS, GRAPH_CUSTOMERS, GRAPH_SIZES),
    )


def build_assign_lane(*, accept_decision_version: bool = False) -> LaneCore:
    return LaneCore(assign_spec(), AssignParties(), accept_decision_version=accept_decision_version)


def build_resolve_lane(
    phone_numbers: PhoneNumbers, *, accept_decision_version: bool = False
) -> LaneCore:
    return LaneCore(
        resolve_spec(phone_numbers),
        ResolveParties(phone_numbers),
        accept_decision_version=accept_decision_version,
    )
