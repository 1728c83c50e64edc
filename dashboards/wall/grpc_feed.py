"""The feed over gRPC, in an event loop beside the web server's threads."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from dashboards.wall.feed import State
from dashboards.wall.kpi_client import KpiClient, Pace
from dashboards.wall.live_watch import LiveWatch
from dashboards.wall.past_answers import PastAnswers
from dashboards.wall.view import WINDOWS, Source, View
from services.kernel.clock import Clock

# What every wall shows unless it is asked for something else: watched from the start.
DEFAULT = Source(WINDOWS["24h"], at_us=None, by_brand=False)

_CHANNEL_OPTIONS = (
    # An answer by brand and bucket is larger than gRPC's default of 4 MiB.
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class GrpcFeed:
    """
    Keeps what the kpi service says: a watch per live question in use, answers about the past.

    :meth:`run` belongs to an event loop, :meth:`read` to any other thread. Trouble with the service
    is logged and retried for ever; what was heard before ages meanwhile.
    """

    def __init__(
        self,
        address: str,
        kpis: Sequence[str],
        clock: Clock,
        *,
        organisation: str = "",
        pace: Pace | None = None,
    ) -> None:
        self._address = address
        self._kpis = tuple(kpis)
        self._clock = clock
        self._organisation = organisation
        self._pace = pace or Pace()
        self._watches: dict[Source, LiveWatch] = {}
        self._running: _Running | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow what is asked for until ``stopping``; raise only for a bug."""
        async with grpc.aio.insecure_channel(self._address, options=_CHANNEL_OPTIONS) as channel:
            client = KpiClient(channel, self._kpis, self._organisation, self._pace)
            async with asyncio.TaskGroup() as tasks:
                past = PastAnswers(client, self._clock, tasks)
                running = _Running(asyncio.get_running_loop(), tasks, client, past)
                self._watch(running, DEFAULT)
                self._running = running
                await stopping.wait()
                self._running = None
                past.cancel()
                for watch in self._watches.values():
                    watch.stop()

    @property
    def state(self) -> State:
        """What is known of the default view, for health and metrics."""
        watch = self._watches.get(DEFAULT)
        return State() if watch is None else watch.state

    def read(self, view: View) -> State:
        source = view.source
        if source.at_us is not None:
            running = self._running
            return State() if running is None else running.wait(running.past.state(source))
        watch = self._watches.get(source)
        if watch is None or not watch.tried.is_set():
            running = self._running
            return State() if running is None else running.wait(self._first(running, source))
        watch.asked_us = self._clock.now_us()
        return watch.state

    async def _first(self, running: _Running, source: Source) -> State:
        watch = self._watches.get(source) or self._watch(running, source)
        try:
            await asyncio.wait_for(watch.tried.wait(), self._pace.first_answer)
        except TimeoutError:
            watch.tried.set()  # once is enough: nobody else waits for it
        return watch.state

    def _watch(self, running: _Running, source: Source) -> LiveWatch:
        watch = LiveWatch(source, running.client, self._clock, pinned=source == DEFAULT)
        self._watches[source] = watch
        watch.start(running.tasks).add_done_callback(lambda _: self._watches.pop(source, None))
        return watch


@dataclass(frozen=True, slots=True)
class _Running:
    """What exists while the loop runs."""

    loop: asyncio.AbstractEventLoop
    tasks: asyncio.TaskGroup
    client: KpiClient
    past: PastAnswers

    def wait(self, answer: Coroutine[Any, Any, State]) -> State:
        """Wait in a web server's thread; every such answer has its own deadline in the loop."""
        return asyncio.run_coroutine_threadsafe(answer, self.loop).result()
