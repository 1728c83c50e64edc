"""The wall before the kpi service itself, which folds and answers in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import Event
from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from careline.sla.v1.clocks_pb2 import ClockEventKind
from dashboards.wall.app import create_app
from dashboards.wall.grpc_feed import GrpcFeed
from dashboards.wall.pages import PAGES
from dashboards.wall.settings import Settings
from services.kernel.testing.clock import ManualClock
from services.kernel.testing.harness import LaneHarness
from services.kpi.adapters.memory import MemoryCells
from services.kpi.answers import Answers
from services.kpi.domain.definitions import catalogue
from services.kpi.feeds import Feeds
from services.kpi.replica import Replica
from services.kpi.servicer import KpiServicer
from services.kpi.streams import lane_spec, make_stage
from services.kpi.testing.events import NOON_US, SECOND_US, Events

KPIS = [kpi for page in PAGES for kpi in page.kpis]


class KpiService:
    """The kpi service's lane, its replica, and its answers."""

    def __init__(self) -> None:
        self.lane = LaneHarness(lane_spec(), make_stage, range(1))
        self.cells = MemoryCells()
        self.replica = Replica(1, 1)
        answers = Answers(self.replica, catalogue())
        self.servicer = KpiServicer(
            self.replica, answers, Feeds(self.replica, answers), catalogue()
        )

    async def happen(self, *events: Event) -> None:
        self.lane.feed(*events)
        await self.cells.write(self.lane.core.close().changes)


@pytest.fixture
async def service() -> KpiService:
    service = KpiService()
    await service.cells.read_into(service.replica)
    return service


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON_US + 900 * SECOND_US)


def day() -> list[Event]:
    """Two brands write, one is answered late, and somebody is unhappy."""
    events = Events()
    opened, replied = FactKind.FACT_KIND_OPENED, FactKind.FACT_KIND_REPLY
    answered = FactKind.FACT_KIND_FIRST_RESPONSE
    breached = ClockEventKind.CLOCK_EVENT_KIND_BREACHED
    return [
        events.contact(0),
        events.fact(opened, 0),
        events.contact(10, brand="south", negative=True),
        events.fact(opened, 10, brand="south"),
        events.clock(breached, 600),
        events.fact(replied, 700),
        events.fact(answered, 700, lasting=700),
        events.contact(800),
        events.tick(895),
    ]


@asynccontextmanager
async def wall(port: int, clock: ManualClock, eventually: Any) -> AsyncIterator[Any]:
    feed = GrpcFeed(f"127.0.0.1:{port}", KPIS, clock)
    app = create_app(feed, Settings("", http_port=0, metrics_port=0), clock)
    stopping = asyncio.Event()
    task = asyncio.create_task(feed.run(stopping))
    await eventually(lambda: feed._running is not None)

    async def snapshot(query: str = "") -> tuple[dict[str, Any], int]:
        response = await asyncio.to_thread(app.server.test_client().get, f"/snapshot{query}")
        return response.get_json(), int(response.headers.get("Careline-Age-Ms", "-1"))

    try:
        yield snapshot
    finally:
        stopping.set()
        await task


async def asked(port: int, group_by: str = "") -> dict[str, messages.KpiAnswer]:
    question = messages.QueryRequest(kpis=KPIS, group_by=[group_by] if group_by else [])
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = await stubs.KpiServiceStub(channel).Query(question)
    return {part.kpi: part for part in answer.kpis}


@pytest.mark.parametrize("query", ["", "?window=all", "?window=1h", "?at=2026-01-31T12:14:59Z"])
async def test_the_wall_shows_what_the_kpi_service_answers(
    service: KpiService, serving: Any, eventually: Any, clock: ManualClock, query: str
) -> None:
    await service.happen(*day())
    async with serving(service.servicer) as port, wall(port, clock, eventually) as snapshot:
        document, age = await snapshot(query)
        answers = await asked(port)
    shown = {tile["kpi"]: tile["value"] for tile in document["tiles"]}
    assert shown == {kpi: answers[kpi].rows[0].value for kpi in KPIS}
    assert shown["contacts"] == 3
    assert shown["first_response_time"] == pytest.approx(700, rel=0.01)
    assert age == (0 if "at=" in query else 5_000)
    for tile in document["tiles"]:
        assert tile["definition_version"] == str(catalogue().get(tile["kpi"]).version)
        if answers[tile["kpi"]].unit != "seconds":
            assert sum(tile["trend"]["points"]) == tile["value"]


async def test_a_brand_shows_its_row(
    service: KpiService, serving: Any, eventually: Any, clock: ManualClock
) -> None:
    await service.happen(*day())
    async with serving(service.servicer) as port, wall(port, clock, eventually) as snapshot:
        document, _ = await snapshot("?brand=south")
        answers = await asked(port, "brand")
    rows = {kpi: {row.group["brand"]: row for row in answers[kpi].rows} for kpi in KPIS}
    shown = {tile["kpi"]: tile["value"] for tile in document["tiles"]}
    assert shown["contacts"] == rows["contacts"]["south"].value == 1
    assert shown["first_response_breaches"] == 0
    assert "south" not in rows["first_response_time"]
    assert shown["first_response_time"] is None


async def test_a_service_that_is_still_reading_its_cells_shows_nothing_yet(
    serving: Any, eventually: Any, clock: ManualClock
) -> None:
    service = KpiService()
    async with serving(service.servicer) as port, wall(port, clock, eventually) as snapshot:
        document, age = await snapshot()
        assert (document["freshness"], age) == ("gone", -1)
        await service.cells.read_into(service.replica)
        await service.happen(*day())
        async with asyncio.timeout(20):
            while (await snapshot())[0]["tiles"][0]["value"] != 3:
                pass
