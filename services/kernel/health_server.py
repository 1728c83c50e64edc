"""``/metrics`` for Prometheus and ``/healthz`` for whoever restarts processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

# Returns whether the process is healthy, and what `careline status` shows of it.
HealthReport = Callable[[], tuple[bool, Mapping[str, object]]]


class HealthServer:
    def __init__(self, host: str, port: int, report: HealthReport) -> None:
        self._host = host
        self._port = port
        self._report = report
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthz(self, _request: web.Request) -> web.Response:
        healthy, report = self._report()
        return web.json_response({"healthy": healthy, **report}, status=200 if healthy else 503)
