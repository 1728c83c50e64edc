"""Runs one lane as a process: the worker, its gRPC face, metrics and health, an orderly stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
import uvloop

from services.kernel.grpc_server import GrpcServer, Register
from services.kernel.health_server import HealthServer
from services.kernel.kafka.worker import FlushPolicy, LaneWorker
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import Follower, Sink
from services.kernel.telemetry.logging import configure_logging

log = structlog.get_logger(__name__)

# A lane that commits nothing for so long while records wait is reported as not alive.
STALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LaneServiceSettings:
    """What every lane process reads from the environment."""

    kafka: str
    grpc_port: int
    metrics_port: int
    bind: str = "127.0.0.1"
    accept_decision_version: bool = False
    log_level: str = "INFO"
    group_records: int = 64
    group_interval_seconds: float = 0.05
    # A stable name makes a restart faster than a rebalance (static membership).
    worker_id: str = ""


@dataclass(frozen=True, slots=True)
class Companion:
    """Something that lives beside the lane in the same process (a replica's view, a client)."""

    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    # Adds to the health report; False as the first value makes the process unhealthy.
    report: Callable[[], tuple[bool, Mapping[str, object]]]


class LaneService:
    def __init__(
        self,
        core: LaneCore,
        settings: LaneServiceSettings,
        *,
        grpc_names: Sequence[str] = (),
        register: Register | None = None,
        sink: Sink | None = None,
        follower: Follower | None = None,
        companions: Sequence[Companion] = (),
    ) -> None:
        self.core = core
        self._settings = settings
        self._grpc_names = grpc_names
        self._register = register
        self._sink = sink
        self._follower = follower
        self._companions = companions
        self._worker: LaneWorker | None = None

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; return after an orderly stop."""
        configure_logging(self.core.spec.name, self._settings.log_level)
        uvloop.run(self._run())

    async def _run(self) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
        settings = self._settings
        self._worker = LaneWorker(
            self.core,
            kafka=settings.kafka,
            sink=self._sink,
            follower=self._follower,
            policy=FlushPolicy(settings.group_records, settings.group_interval_seconds),
            worker_id=settings.worker_id or None,
        )
        health = HealthServer(settings.bind, settings.metrics_port, self.report)
        grpc_server = self._grpc_server()
        await health.start()
        if grpc_server is not None:
            await grpc_server.start()
        for companion in self._companions:
            await companion.start()
        serving = asyncio.create_task(self._announce(grpc_server, stopping))
        try:
            await self._worker.run(stopping)
        finally:
            serving.cancel()
            for companion in reversed(self._companions):
                await companion.stop()
            if grpc_server is not None:
                await grpc_server.stop()
            await health.stop()
            log.info("lane stopped", lane=self.core.spec.name)
        with suppress(asyncio.CancelledError):
            await serving  # raises what stopped it, if anything but the end did

    def _grpc_server(self) -> GrpcServer | None:
        if self._register is None:
            return None
        address = f"{self._settings.bind}:{self._settings.grpc_port}"
        return GrpcServer(address, self._grpc_names, self._register)

    async def _announce(self, grpc_server: GrpcServer | None, stopping: asyncio.Event) -> None:
        """Keep the gRPC health service equal to the health report; stop the lane if that fails."""
        try:
            while grpc_server is not None:
                healthy, _ = self.report()
                await grpc_server.set_serving(serving=healthy)
                await asyncio.sleep(1.0)
        except Exception:
            log.critical("no health report", lane=self.core.spec.name, exc_info=True)
            stopping.set()
            raise

    def report(self) -> tuple[bool, Mapping[str, object]]:
        """Healthy = partitions were assigned, and the committed offset moves while there is lag."""
        worker = self._worker
        if worker is None:
            return False, {"lane": self.core.spec.name, "state": "starting"}
        stalled = worker.stalled_seconds()
        healthy = worker.progress.ready and stalled < STALL_SECONDS
        details: dict[str, object] = {
            "lane": self.core.spec.name,
            "state": "running" if worker.progress.ready else "joining",
            "partitions": self.core.partitions,
            "lag": sum(worker.progress.lag.values()),
            "events_total": worker.progress.events,
            "records_total": worker.progress.records,
            "dead_letters": self.core.dead_letters,
            "duplicates": self.core.duplicates,
            "stalled_seconds": round(stalled, 1),
            "live_watermark_us": self.core.watermark_us("live"),
        }
        for companion in self._companions:
            well, extra = companion.report()
            healthy = healthy and well
            details.update(extra)
        return healthy, details
