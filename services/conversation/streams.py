"""Conversation's lane: understood events in, recorded events out."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from services.conversation.acknowledger import Acknowledger
from services.conversation.domain.recorder import Recorder
from services.conversation.handlers import RecordConversations
from services.conversation.tables import CONVERSATIONS, PARTIES, THREADS
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec

LANE = "conversation.record"

_SECOND_US = 1_000_000
_NO_ONE: Final = Acknowledger()


def lane_spec(reopen_window_seconds: int, acknowledger: Acknowledger = _NO_ONE) -> LaneSpec:
    return LaneSpec(
        name=LANE,
        input_topic="insight.event-understood.v1",
        output_topic="conversation.event-recorded.v1",
        state_topic="conversation.record-state.v1",
        decision_version=f"2+reopen-{reopen_window_seconds}s{_version(acknowledger)}",
        tables=(CONVERSATIONS, THREADS, PARTIES),
    )


def stage(reopen_window_seconds: int, acknowledger: Acknowledger = _NO_ONE) -> RecordConversations:
    return RecordConversations(Recorder(reopen_window_seconds * _SECOND_US), acknowledger)


def build_lane(
    reopen_window_seconds: int,
    acknowledger: Acknowledger = _NO_ONE,
    *,
    accept_decision_version: bool = False,
) -> LaneCore:
    return LaneCore(
        lane_spec(reopen_window_seconds, acknowledger),
        stage(reopen_window_seconds, acknowledger),
        accept_decision_version=accept_decision_version,
    )


def _version(acknowledger: Acknowledger) -> str:
    """Name what decides about acknowledgements; nothing while there are none."""
    policy, wordings = acknowledger.policy, acknowledger.wordings
    if not policy.after_us:
        return ""
    decides = (policy, wordings.default, sorted(wordings.by_language.items()))
    digest = blake2b(repr(decides).encode(), digest_size=4).hexdigest()
    return f"+acknowledge-{policy.after_us // _SECOND_US}s-{digest}"
