"""The only place that constructs KPI's adapters."""

from __future__ import annotations

import grpc

from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from services.kernel.clock import SystemClock
from services.kernel.lane_service import Companion, LaneService
from services.kernel.topics import topic
from services.kpi.adapters.cell_view import CellReader
from services.kpi.answers import Answers
from services.kpi.domain.definitions import catalogue
from services.kpi.feeds import Feeds
from services.kpi.replica import Replica
from services.kpi.servicer import NAME, KpiServicer
from services.kpi.settings import Settings
from services.kpi.streams import build_lane
from services.kpi.tables import CELL_TOPIC


def bootstrap(settings: Settings) -> LaneService:
    cells = topic(CELL_TOPIC)
    replica = Replica(cells.generation, cells.partitions)
    reader = CellReader(settings.kafka, replica, SystemClock())
    definitions = catalogue()
    answers = Answers(replica, definitions)
    feeds = Feeds(replica, answers)

    def register(server: grpc.aio.Server) -> None:
        stubs.add_KpiServiceServicer_to_server(
            KpiServicer(replica, answers, feeds, definitions), server
        )

    return LaneService(
        build_lane(accept_decision_version=settings.accept_decision_version),
        settings,
        grpc_names=[NAME],
        register=register,
        companions=[Companion(reader.start, reader.stop, reader.report)],
    )
