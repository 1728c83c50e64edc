"""Conversation's lane: understood events in, recorded events out."""

from __future__ import annotations

from services.conversation.domain.recorder import Recorder
from services.conversation.handlers import RecordConversations
from services.conversation.tables import CONVERSATIONS, PARTIES, THREADS
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec

LANE = "conversation.record"

_SECOND_US = 1_000_000


def lane_spec(reopen_window_seconds: int) -> LaneSpec:
    return LaneSpec(
        name=LANE,
        input_topic="insight.event-understood.v1",
        output_topic="conversation.event-recorded.v1",
        state_topic="conversation.record-state.v1",
        decision_version=f"2+reopen-{reopen_window_seconds}s",
        tables=(CONVERSATIONS, THREADS, PARTIES),
    )


def stage(reopen_window_seconds: int) -> RecordConversations:
    return RecordConversations(Recorder(reopen_window_seconds * _SECOND_US))


def build_lane(reopen_window_seconds: int, *, accept_decision_version: bool = False) -> LaneCore:
    return LaneCore(
        lane_spec(reopen_window_seconds),
        stage(reopen_window_seconds),
        accept_decision_version=accept_decision_version,
    )
