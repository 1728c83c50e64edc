"""The kpi service as the feed needs it, with a deadline on every word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import grpc

from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from dashboards.wall.figures import Definition, Figures
from dashboards.wall.questions import (
    read_definitions,
    read_figures,
    totals_question,
    trend_question,
)
from dashboards.wall.view import Ranges, Source


@dataclass(frozen=True, slots=True)
class Pace:
    """
    Seconds.

    The kpi service speaks every 5 s at the latest; a longer ``silence`` is a broken connection.
    """

    update: float = 1.0
    # Of questions that read many cells.
    wide_update: float = 5.0
    silence: float = 15.0
    answer: float = 10.0
    # What a screen that asks for a new view waits at most for its first figures.
    first_answer: float = 3.0
    past_refresh: float = 5.0
    # A view that nobody asked for so long is watched no more.
    idle: float = 300.0
    backoff: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)


class FeedInterruptedError(Exception):
    """The kpi service fell silent or ended the stream."""


# What is retried: the service is away, slow or on another version. Anything else is a bug here.
TROUBLE = (grpc.aio.AioRpcError, FeedInterruptedError)


def describe(trouble: BaseException) -> str:
    if isinstance(trouble, grpc.aio.AioRpcError):
        return f"{trouble.code().name}: {trouble.details()}"
    return str(trouble)


class KpiClient:
    def __init__(
        self, channel: grpc.aio.Channel, kpis: Sequence[str], organisation: str, pace: Pace
    ) -> None:
        self._stub = stubs.KpiServiceStub(channel)
        self._kpis = tuple(kpis)
        self._organisation = organisation
        self.pace = pace

    async def definitions(self) -> dict[str, Definition]:
        response = await self._stub.ListDefinitions(
            messages.ListDefinitionsRequest(), timeout=self.pace.answer
        )
        return read_definitions(response)

    async def past_figures(self, source: Source, limits: Ranges) -> Figures:
        definitions = await self.definitions()
        question = totals_question(self._asked(definitions), source, limits, self._organisation)
        totals = await self._stub.Query(question, timeout=self.pace.answer)
        return await self.figures(source, limits, definitions, totals)

    async def figures(
        self,
        source: Source,
        limits: Ranges,
        definitions: dict[str, Definition],
        totals: messages.QueryResponse,
    ) -> Figures:
        """Add the trend to totals that are known."""
        trend = messages.QueryResponse()
        for kpis in self._portions(source, definitions):
            question = trend_question(kpis, source, limits, self._organisation)
            trend.MergeFrom(await self._stub.Query(question, timeout=self.pace.answer))
        return read_figures(definitions, limits, totals, trend)

    def _portions(self, source: Source, definitions: dict[str, Definition]) -> list[list[str]]:
        """Split what would be too many rows for one answer: a row per brand and bucket."""
        asked = self._asked(definitions)
        return [[kpi] for kpi in asked] if source.by_brand else [asked]

    async def watch(
        self, source: Source, limits: Ranges, definitions: dict[str, Definition]
    ) -> AsyncGenerator[messages.WatchResponse, None]:
        """Yield totals until the connection breaks, which raises one of :data:`TROUBLE`."""
        wide = source.by_brand or source.window.name in {"7d", "all"}
        interval = self.pace.wide_update if wide else self.pace.update
        call = self._stub.Watch(
            messages.WatchRequest(
                query=totals_question(self._asked(definitions), source, limits, self._organisation),
                min_interval_ms=round(interval * 1_000),
            )
        )
        try:
            while True:
                try:
                    response = await asyncio.wait_for(call.read(), self.pace.silence)
                except TimeoutError as error:
                    raise FeedInterruptedError(
                        f"no word from the kpi service for {self.pace.silence:g} s"
                    ) from error
                if not isinstance(response, messages.WatchResponse):
                    raise FeedInterruptedError("the kpi service ended the stream")
                yield response
        finally:
            call.cancel()

    def _asked(self, definitions: dict[str, Definition]) -> list[str]:
        """Leave out what an older kpi service does not know: it would refuse the whole question."""
        return [kpi for kpi in self._kpis if kpi in definitions]
