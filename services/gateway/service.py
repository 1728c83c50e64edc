"""Runs the gateway as a process: HTTP, publishing, ticks, gRPC, health, an orderly stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from services.gateway.adapters.disk_spool import DiskSpool
from services.gateway.adapters.http_server import HttpServer
from services.gateway.domain.account import Accounts
from services.gateway.ports import RecordLog
from services.gateway.publishing import BatchPublisher
from services.gateway.ticker import LiveTicker
from services.kernel.grpc_server import GrpcServer
from services.kernel.health_server import HealthServer
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

_FLUSH_SECONDS = 10.0
EXIT_FAILED = 70


@dataclass(frozen=True, slots=True)
class Parts:
    """What bootstrap wires together; built inside the running loop."""

    accounts: Accounts
    record_log: RecordLog
    spool: DiskSpool
    publisher: BatchPublisher
    ticker: LiveTicker
    http: HttpServer
    grpc: GrpcServer
    # What else runs as long as the process does, by name.
    companions: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
    # The trouble of each account's source; "" is well.
    sources: Callable[[], Mapping[str, str]]


class GatewayProcess:
    def __init__(self, parts: Parts, bind: str, metrics_port: int) -> None:
        self._parts = parts
        self._health = HealthServer(bind, metrics_port, self.report)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT; then take nothing more, flush and leave.

        A bug ends the process at once: what was acknowledged is in the log or on disk.
        """
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
        parts = self._parts
        metrics.GATEWAY_SPOOLED.set(parts.spool.size_bytes)
        await self._health.start()
        await parts.grpc.start()
        publishing = asyncio.create_task(parts.publisher.run(), name="publisher")
        ticking = asyncio.create_task(parts.ticker.run(), name="ticker")
        announcing = asyncio.create_task(self._announce(), name="health")
        stop = asyncio.create_task(_until(stopping), name="stop")
        _settle_memory()
        await parts.http.start()
        companions = {
            asyncio.create_task(run(), name=name) for name, run in parts.companions.items()
        }
        background = {publishing, ticking, announcing, *companions}
        try:
            await asyncio.wait({*background, stop}, return_when=asyncio.FIRST_COMPLETED)
            _exit_on_failure(background)
            await parts.http.stop()
            for task in (ticking, *companions):
                task.cancel()
            await asyncio.wait({ticking, *companions})
            await asyncio.wait(
                {asyncio.create_task(parts.publisher.flush())}, timeout=_FLUSH_SECONDS
            )
        finally:
            for task in (*background, stop):
                task.cancel()
            await asyncio.wait({*background, stop})
            await parts.record_log.stop()
            parts.spool.close()
            await parts.grpc.stop()
            await self._health.stop()
            log.info("gateway stopped", spooled_bytes=parts.spool.size_bytes)

    async def _announce(self) -> None:
        """Keep the gRPC health service equal to the health report."""
        while True:
            healthy, _ = self.report()
            await self._parts.grpc.set_serving(serving=healthy)
            await asyncio.sleep(1.0)

    def report(self) -> tuple[bool, Mapping[str, object]]:
        """Healthy = whatever comes can be kept, in the log or in the spool."""
        parts = self._parts
        healthy = parts.publisher.direct or not parts.spool.full
        return healthy, {
            "accounts": len(parts.accounts),
            "kafka_reachable": parts.publisher.log_answers,
            "publishing": "direct" if parts.publisher.direct else "through the spool",
            "spooled_bytes": parts.spool.size_bytes,
            "spool_full": parts.spool.full,
            "sources": parts.sources(),
        }


def _settle_memory() -> None:
    """Leave what was loaded out of garbage collections: with it each stops requests for long.

    Requests make no cycles to speak of, so that collections can be few; see docs/performance.md.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _until(stopping: asyncio.Event) -> None:
    await stopping.wait()


def _exit_on_failure(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.critical("gateway failed", task=task.get_name(), exc_info=error)
            os._exit(EXIT_FAILED)
