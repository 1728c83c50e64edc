"""The only place that constructs the wall's parts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
import waitress.server

from dashboards.wall import model
from dashboards.wall.app import create_app
from dashboards.wall.grpc_feed import DEFAULT, GrpcFeed
from dashboards.wall.languages import LANGUAGES
from dashboards.wall.loop_thread import LoopThread
from dashboards.wall.pages import PAGES
from dashboards.wall.settings import Settings
from dashboards.wall.view import View
from services.kernel.clock import Clock, SystemClock
from services.kernel.health_server import HealthServer
from services.kernel.settings import SettingsError
from services.kernel.telemetry import metrics
from services.kernel.telemetry.logging import configure_logging

log = structlog.get_logger(__name__)

_THREADS = 16
# A wall that heard nothing for so long is reported as not healthy.
_SILENCE_US = 60_000_000


def bootstrap(settings: Settings, clock: Clock | None = None) -> Wall:
    """Raise ``SettingsError`` for a time zone or a language that does not exist."""
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"CARELINE_TIMEZONE={settings.timezone!r} is no time zone: "
            "take an IANA name, for example Asia/Shanghai"
        ) from error
    if settings.language not in LANGUAGES:
        raise SettingsError(
            f"CARELINE_LANGUAGE={settings.language!r} is unknown: "
            f"take one of {', '.join(LANGUAGES)}"
        )
    return Wall(settings, clock or SystemClock())


class Wall:
    """The web server in the main thread; the feed, health and metrics in a loop beside it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._feed = GrpcFeed(
            settings.kpi_address,
            [kpi for page in PAGES for kpi in page.kpis],
            clock,
            organisation=settings.organisation,
        )
        self._app = create_app(self._feed, settings, clock)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; return after an orderly stop."""
        configure_logging("wall", self._settings.log_level)
        metrics.WALL_SNAPSHOT_AGE_SECONDS.set_function(self._age_seconds)
        server = waitress.server.create_server(
            self._app.server,
            host=self._settings.bind,
            port=self._settings.http_port,
            threads=_THREADS,
            ident=None,
        )
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, _leave)
        beside = LoopThread(self._beside, on_crash=_ask_to_leave)
        beside.start()
        log.info("wall serves", bind=self._settings.bind, port=self._settings.http_port)
        try:
            server.run()
        finally:
            server.close()
            beside.stop()
            log.info("wall stopped")

    async def _beside(self, stopping: asyncio.Event) -> None:
        health = HealthServer(self._settings.bind, self._settings.metrics_port, self.report)
        await health.start()
        try:
            await self._feed.run(stopping)
        finally:
            await health.stop()

    def report(self) -> tuple[bool, Mapping[str, object]]:
        """Healthy = the kpi service was heard lately; what it says may still be late."""
        state = self._feed.state
        silent_us = None
        if state.contact_us is not None:
            silent_us = max(0, self._clock.now_us() - state.contact_us)
        healthy = silent_us is not None and silent_us <= _SILENCE_US
        return healthy, {
            "feed": "connected" if healthy else "disconnected",
            "silent_seconds": None if silent_us is None else round(silent_us / 1e6, 1),
            "live_watermark_us": state.watermark_us,
        }

    def _age_seconds(self) -> float:
        state = self._feed.state
        age_us = model.age_us(
            View(DEFAULT.window),
            now_us=self._clock.now_us(),
            watermark_us=state.watermark_us,
            contact_us=state.contact_us,
        )
        return float("inf") if age_us is None else age_us / 1e6


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _ask_to_leave() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
