"""The only place that constructs identity's adapters."""

from __future__ import annotations

import grpc

from careline.identity.v1 import identity_service_pb2_grpc as stubs
from services.identity.adapters.phone_numbers import NumberingPlans
from services.identity.servicer import NAME, AssignServicer, ResolveServicer
from services.identity.settings import Settings
from services.identity.streams import build_assign_lane, build_resolve_lane
from services.kernel.lane_service import LaneService


def bootstrap_assign(settings: Settings) -> LaneService:
    core = build_assign_lane(accept_decision_version=settings.accept_decision_version)

    def register(server: grpc.aio.Server) -> None:
        stubs.add_IdentityServiceServicer_to_server(AssignServicer(core), server)

    return LaneService(core, settings, grpc_names=[NAME], register=register)


def bootstrap_resolve(settings: Settings) -> LaneService:
    core = build_resolve_lane(
        NumberingPlans(settings.phone_region),
        accept_decision_version=settings.accept_decision_version,
    )

    def register(server: grpc.aio.Server) -> None:
        stubs.add_IdentityServiceServicer_to_server(ResolveServicer(core), server)

    return LaneService(core, settings, grpc_names=[NAME], register=register)


BOOTSTRAPS = {"assign": bootstrap_assign, "resolve": bootstrap_resolve}
