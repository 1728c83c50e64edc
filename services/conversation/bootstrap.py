"""The only place that constructs conversation's adapters."""

from __future__ import annotations

import grpc

from careline.conversation.v1 import conversation_service_pb2_grpc as stubs
from services.conversation.acknowledger import Acknowledger
from services.conversation.adapters.acknowledgement_texts import read_wordings
from services.conversation.adapters.lane_state import LaneConversations
from services.conversation.servicer import NAME, ConversationServicer
from services.conversation.settings import Settings
from services.conversation.streams import build_lane
from services.kernel.lane_service import LaneService


def bootstrap(settings: Settings) -> LaneService:
    acknowledger = Acknowledger(settings.acknowledging, read_wordings(settings.acknowledge_texts))
    core = build_lane(
        settings.reopen_window_seconds,
        acknowledger,
        accept_decision_version=settings.accept_decision_version,
    )
    conversations = LaneConversations(core)

    def register(server: grpc.aio.Server) -> None:
        stubs.add_ConversationServiceServicer_to_server(ConversationServicer(conversations), server)

    return LaneService(core, settings, grpc_names=[NAME], register=register)
