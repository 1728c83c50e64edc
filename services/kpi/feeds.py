"""Feeds: one answer, computed again as the view changes, for everyone who watches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

from careline.kpi.v1 import kpi_service_pb2 as messages
from services.kpi.answers import Answered, Answers
from services.kpi.ports import CellView


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a feed speaks: after ``interval`` at the earliest, ``heartbeat`` at the latest."""

    # Where the watcher names none.
    interval_seconds: float = 1.0
    shortest_interval_seconds: float = 0.1
    heartbeat_seconds: float = 5.0
    # An answer rests so many times as long as it took: folding needs the processor too.
    rest_factor: float = 4.0

    def of(self, asked_ms: int) -> float:
        asked = asked_ms / 1_000 if asked_ms else self.interval_seconds
        return min(max(asked, self.shortest_interval_seconds), self.heartbeat_seconds)


class Feeds:
    """The feeds that somebody watches, one per query and interval."""

    def __init__(self, view: CellView, answers: Answers, pace: Pace | None = None) -> None:
        self._view = view
        self._answers = answers
        self._pace = pace or Pace()
        self._feeds: dict[tuple[bytes, float], _Feed] = {}

    def __len__(self) -> int:
        return len(self._feeds)

    async def watch(
        self, request: messages.WatchRequest
    ) -> AsyncGenerator[messages.WatchResponse, None]:
        """Yield the answer now and whenever it or the live watermark changed, with heartbeats.

        Raises what ``Answers.answer`` raises. A slow watcher misses answers, but never the newest.
        """
        query = request.query
        interval_seconds = self._pace.of(request.min_interval_ms)
        key = (query.SerializeToString(deterministic=True), interval_seconds)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(query, interval_seconds, self._pace)
            feed.start(self._view, self._answers)
        feed.watchers += 1
        try:
            number = 0
            while True:
                response, number = await feed.after(number)
                yield response
        finally:
            feed.watchers -= 1
            if not feed.watchers:
                del self._feeds[key]
                feed.stop()


class _Feed:
    def __init__(self, query: messages.QueryRequest, interval_seconds: float, pace: Pace) -> None:
        self.watchers = 0
        self._query = query
        self._interval_seconds = interval_seconds
        self._pace = pace
        self._latest = messages.WatchResponse()
        # Counts the responses, so that a watcher knows which it has seen.
        self._number = 0
        self._spoke_at = 0.0
        self._spoken = asyncio.Event()
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, view: CellView, answers: Answers) -> None:
        self._task = asyncio.create_task(self._run(view, answers))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def after(self, number: int) -> tuple[messages.WatchResponse, int]:
        """Return the newest response once it is another than that of the number."""
        while self._number == number:
            if self._error is not None:
                raise self._error
            await self._spoken.wait()
        return self._latest, self._number

    async def _run(self, view: CellView, answers: Answers) -> None:
        try:
            await self._follow(view, answers)
        except Exception as error:  # noqa: BLE001 - every watcher raises it
            self._error = error
            self._wake()

    async def _follow(self, view: CellView, answers: Answers) -> None:
        loop = asyncio.get_running_loop()
        answered: Answered | None = None
        while True:
            began = loop.time()
            stamp = view.stamp
            if answered is None or answered.stamp.version != stamp.version:
                answered = await answers.answer(self._query)
                stamp = answered.stamp
            done = loop.time()
            self._speak(
                messages.WatchResponse(
                    answer=answered.response, live_watermark_us=stamp.live_watermark_us
                ),
                done,
            )
            rest = max(self._interval_seconds, self._pace.rest_factor * (done - began))
            await asyncio.sleep(min(rest, self._pace.heartbeat_seconds))
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._spoke_at + self._pace.heartbeat_seconds):
                    await view.wait_for_change(stamp)

    def _speak(self, response: messages.WatchResponse, now: float) -> None:
        is_due = now - self._spoke_at >= self._pace.heartbeat_seconds
        if response == self._latest and self._number and not is_due:
            return
        self._latest, self._spoke_at = response, now
        self._number += 1
        self._wake()

    def _wake(self) -> None:
        self._spoken.set()
        self._spoken = asyncio.Event()
