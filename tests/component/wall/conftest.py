from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from dashboards.wall.settings import Settings
from dashboards.wall.testing import DEFINITIONS, FakeFeed
from services.kernel.clock import to_microseconds
from services.kernel.testing.clock import ManualClock

NOW_US = to_microseconds(datetime(2026, 3, 12, 10, 42, 10, tzinfo=UTC))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW_US)


@pytest.fixture
def feed(clock: ManualClock) -> FakeFeed:
    return FakeFeed(clock)


@pytest.fixture
def settings() -> Settings:
    return Settings(kpi_address="127.0.0.1:1", http_port=0, metrics_port=0)


async def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return when the condition holds; fail when it does not within the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold"
        await asyncio.sleep(0.01)


@dataclass
class FakeKpi(stubs.KpiServiceServicer):
    """A kpi service of two brands that says what a test wants, and keeps what it was asked."""

    contacts: int = 40
    watermark_us: int = NOW_US
    # A silent service accepts questions and never answers.
    silent: bool = False
    known: tuple[str, ...] = tuple(DEFINITIONS)
    asked: list[messages.QueryRequest] = field(default_factory=list)
    watched: list[messages.WatchRequest] = field(default_factory=list)
    open_watches: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, contacts: int) -> None:
        self.contacts = contacts
        self.wake()

    def wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def answer(self, question: messages.QueryRequest) -> messages.QueryResponse:
        by_brand = list(question.group_by) == ["brand"]
        brands = {"Sky": self.contacts - 10, "Sea": 10} if by_brand else {"": self.contacts}
        return messages.QueryResponse(
            as_of_us=self.watermark_us,
            kpis=[
                messages.KpiAnswer(
                    kpi=kpi,
                    definition_version="1",
                    unit=DEFINITIONS[kpi].unit,
                    rows=[_row(kpi, question, brand, count) for brand, count in brands.items()],
                )
                for kpi in question.kpis
            ],
        )

    async def Query(  # noqa: N802  # the method's name in the contract
        self, request: messages.QueryRequest, context: Any
    ) -> messages.QueryResponse:
        self.asked.append(request)
        while self.silent:
            await self._news.wait()
        return self.answer(request)

    async def Watch(  # noqa: N802  # the method's name in the contract
        self, request: messages.WatchRequest, context: Any
    ) -> AsyncIterator[messages.WatchResponse]:
        self.watched.append(request)
        self.open_watches += 1
        try:
            while True:
                news = self._news
                if not self.silent:
                    yield messages.WatchResponse(
                        answer=self.answer(request.query), live_watermark_us=self.watermark_us
                    )
                await news.wait()
        finally:
            self.open_watches -= 1

    async def ListDefinitions(  # noqa: N802  # the method's name in the contract
        self, request: messages.ListDefinitionsRequest, context: Any
    ) -> messages.ListDefinitionsResponse:
        while self.silent:
            await self._news.wait()
        return messages.ListDefinitionsResponse(
            definitions=[
                messages.Definition(
                    kpi=kpi,
                    version=definition.version,
                    unit=definition.unit,
                    direction=definition.direction,
                    name_en=definition.name_en,
                    name_zh=definition.name_zh,
                    reading=definition.reading,
                    target=definition.target,
                )
                for kpi, definition in DEFINITIONS.items()
                if kpi in self.known
            ]
        )

    async def GetRun(  # noqa: N802  # the method's name in the contract
        self, request: messages.GetRunRequest, context: Any
    ) -> messages.GetRunResponse:
        raise NotImplementedError("the wall does not ask for runs")


def _row(kpi: str, question: messages.QueryRequest, brand: str, count: int) -> messages.Row:
    timed = DEFINITIONS[kpi].reading == "p50"
    row = messages.Row(
        group={"brand": brand} if brand else {},
        count=count,
        value=745.2 if timed else count,
        bucket_start_us=question.from_us if question.bucket_us else None,
    )
    if timed:
        row.mean, row.p50, row.p90, row.p99 = 900.0, 745.2, 23_220.0, 40_000.0
    return row


@asynccontextmanager
async def serving(kpi: FakeKpi, port: int = 0) -> AsyncIterator[int]:
    server = grpc.aio.server()
    stubs.add_KpiServiceServicer_to_server(kpi, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(grace=None)


Serving = Callable[..., Any]
Eventually = Callable[..., Any]


@pytest.fixture
def kpi() -> FakeKpi:
    return FakeKpi()


@pytest.fixture(name="serving")
def _serving() -> Serving:
    return serving


@pytest.fixture(name="eventually")
def _eventually() -> Eventually:
    return eventually
