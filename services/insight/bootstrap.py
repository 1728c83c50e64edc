"""The only place that constructs insight's adapters."""

from __future__ import annotations

import grpc

from careline.insight.v1 import insight_service_pb2_grpc as stubs
from services.insight.adapters.lexicon import PackagedLexicon
from services.insight.servicer import NAME, InsightServicer
from services.insight.settings import Settings
from services.insight.streams import build_lane
from services.kernel.lane_service import LaneService


def bootstrap(settings: Settings) -> LaneService:
    lexicon = PackagedLexicon().load()

    def register(server: grpc.aio.Server) -> None:
        stubs.add_InsightServiceServicer_to_server(InsightServicer(lexicon), server)

    return LaneService(
        build_lane(lexicon, accept_decision_version=settings.accept_decision_version),
        settings,
        grpc_names=[NAME],
        register=register,
    )
