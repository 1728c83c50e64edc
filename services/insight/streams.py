"""Insight's lane: identified events in, understood events out."""

from __future__ import annotations

from services.insight.domain.sentiment import Lexicon
from services.insight.handlers import UnderstandMessages
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec

LANE = "insight.understand"


def build_lane(lexicon: Lexicon, *, accept_decision_version: bool = False) -> LaneCore:
    spec = LaneSpec(
        name=LANE,
        input_topic="identity.event-identified.v1",
        output_topic="insight.event-understood.v1",
        state_topic="insight.understand-state.v1",
        decision_version=f"1+{lexicon.version}",
    )
    return LaneCore(
        spec, UnderstandMessages(lexicon), accept_decision_version=accept_decision_version
    )
