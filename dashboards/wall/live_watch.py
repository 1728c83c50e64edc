"""Follows one live question: the latest totals and their trend, whatever the connection does."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import structlog

from careline.kpi.v1 import kpi_service_pb2 as messages
from dashboards.wall.feed import State
from dashboards.wall.figures import Figures
from dashboards.wall.kpi_client import TROUBLE, KpiClient, describe
from dashboards.wall.view import Source, ranges
from services.kernel.clock import Clock

log = structlog.get_logger(__name__)

_SECOND_US = 1_000_000


class LiveWatch:
    """``state`` may be read from any thread; everything else belongs to the loop's."""

    def __init__(self, source: Source, client: KpiClient, clock: Clock, *, pinned: bool) -> None:
        self.state = State()
        self.asked_us = clock.now_us()
        # Set when the first attempt has ended, either way.
        self.tried = asyncio.Event()
        self._source = source
        self._client = client
        self._clock = clock
        self._pinned = pinned
        self._failures = 0
        self._following: asyncio.Task[None] | None = None
        self._stopped = False

    def start(self, tasks: asyncio.TaskGroup) -> asyncio.Task[None]:
        self._following = tasks.create_task(self._run())
        return self._following

    def stop(self) -> None:
        # A call that ends in the same moment turns its cancellation into an ordinary error, so
        # that the cancellation alone may be lost.
        self._stopped = True
        if self._following is not None:
            self._following.cancel()

    async def _run(self) -> None:
        """Follow until nobody asks any more; for ever when pinned."""
        while not self._stopped and not self._idle():
            try:
                await self._follow()
            except TROUBLE as trouble:
                self.tried.set()
                if self._stopped:
                    return
                backoff = self._client.pace.backoff
                pause = backoff[min(self._failures, len(backoff) - 1)]
                self._failures += 1
                log.warning(
                    "the figures' feed is interrupted",
                    window=self._source.window.name,
                    trouble=describe(trouble),
                    retry_seconds=pause,
                )
                await asyncio.sleep(pause)

    async def _follow(self) -> None:
        """Return when the window has moved on to its next bucket, or when nobody asks."""
        limits = ranges(self._source, self._clock.now_us())
        definitions = await self._client.definitions()
        totals: messages.QueryResponse | None = None
        figures: Figures | None = None
        stream = self._client.watch(self._source, limits, definitions)
        async with aclosing(stream):
            async for response in stream:
                if totals is None or response.answer != totals:
                    totals = response.answer
                    figures = await self._client.figures(self._source, limits, definitions, totals)
                self._publish(figures, response.live_watermark_us)
                if ranges(self._source, self._clock.now_us()) != limits or self._idle():
                    return

    def _publish(self, figures: Figures | None, watermark_us: int) -> None:
        known = self.state.figures
        # The same object for the same figures: what was rendered from it stays valid.
        kept = known if known == figures else figures
        self.state = State(kept, watermark_us, contact_us=self._clock.now_us())
        self._failures = 0
        self.tried.set()

    def _idle(self) -> bool:
        unasked_us = self._clock.now_us() - self.asked_us
        return not self._pinned and unasked_us > self._client.pace.idle * _SECOND_US
