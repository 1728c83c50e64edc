"""The sender lane: replies and their progress in, reports to the head out."""

from __future__ import annotations

from typing import Final

from services.gateway.sending.stage import ASKED, ENDED, OPEN, SendReplies
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec

SEND_LANE: Final = "gateway.send"
REPLIES_TOPIC: Final = "channel.reply-requested.v1"


def send_spec() -> LaneSpec:
    return LaneSpec(
        name=SEND_LANE,
        input_topic=REPLIES_TOPIC,
        state_topic="channel.send-state.v1",
        decision_version="1",
        tables=(OPEN, ENDED, ASKED),
    )


def build_send_lane(*, accept_decision_version: bool = False) -> LaneCore:
    return LaneCore(send_spec(), SendReplies(), accept_decision_version=accept_decision_version)
