"""Runs the knowledge service as a process: gRPC, health, an orderly stop."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping

import structlog

from services.kernel.elastic.connection import is_transient, retried
from services.kernel.grpc_server import GrpcServer
from services.kernel.health_server import HealthServer

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 2.0
EXIT_FAILED = 70


class KnowledgeProcess:
    """``prepare`` makes the index ready; ``look`` raises while Elasticsearch does not answer."""

    def __init__(
        self,
        grpc_server: GrpcServer,
        *,
        prepare: Callable[[], Awaitable[None]],
        look: Callable[[], Awaitable[None]],
        bind: str,
        metrics_port: int,
    ) -> None:
        self._grpc = grpc_server
        self._prepare = prepare
        self._look = look
        self._health = HealthServer(bind, metrics_port, self.report)
        self._prepared = False
        self._answers = False

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stopping.set)
        await self._health.start()
        await self._grpc.start()
        watching = asyncio.create_task(self._watch())
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({watching, stop}, return_when=asyncio.FIRST_COMPLETED)
            _exit_on_failure(watching)
        finally:
            for task in (watching, stop):
                task.cancel()
            await asyncio.wait({watching, stop})
            await self._grpc.stop()
            await self._health.stop()
            log.info("knowledge stopped")

    async def _watch(self) -> None:
        """Prepare the index, then keep both health reports equal to what Elasticsearch says."""
        await retried(self._prepare, "preparing the article index")
        self._prepared = True
        while True:
            try:
                await self._look()
                self._answers = True
            except Exception as error:
                if not is_transient(error):
                    raise
                self._answers = False
            await self._grpc.set_serving(serving=self._answers)
            await asyncio.sleep(_LOOK_SECONDS)

    def report(self) -> tuple[bool, Mapping[str, object]]:
        return self._prepared and self._answers, {
            "articles": "ready" if self._prepared else "waiting for elasticsearch",
            "elasticsearch_answers": self._answers,
        }


def _exit_on_failure(task: asyncio.Task[None]) -> None:
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        log.critical("knowledge failed", exc_info=error)
        os._exit(EXIT_FAILED)
