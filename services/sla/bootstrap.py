"""The only place that constructs sla's adapters."""

from __future__ import annotations

from pathlib import Path

import grpc

from careline.sla.v1 import sla_service_pb2_grpc as stubs
from services.kernel.lane_service import LaneService
from services.sla.adapters.lane_state import LaneClocks
from services.sla.adapters.policies import BuiltInPolicies, PolicyFile
from services.sla.handlers import RunClocks
from services.sla.ports import PolicySource
from services.sla.servicer import NAME, SlaServicer
from services.sla.settings import Settings
from services.sla.streams import build_lane


def bootstrap(settings: Settings) -> LaneService:
    """Return the service; DataError names what is wrong with the policies."""
    book = policy_source(settings).load()
    stage = RunClocks(book)
    core = build_lane(book, stage, accept_decision_version=settings.accept_decision_version)
    clocks = LaneClocks(core, stage)

    def register(server: grpc.aio.Server) -> None:
        stubs.add_SlaServiceServicer_to_server(SlaServicer(clocks), server)

    return LaneService(core, settings, grpc_names=[NAME], register=register)


def policy_source(settings: Settings) -> PolicySource:
    return PolicyFile(Path(settings.policies)) if settings.policies else BuiltInPolicies()
