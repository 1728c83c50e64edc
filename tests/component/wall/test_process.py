"""The wall as a process: its ports, its health, an orderly stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from dashboards.wall.bootstrap import bootstrap
from dashboards.wall.loop_thread import LoopThread
from dashboards.wall.settings import Settings
from deploy.local.ports import free_port
from services.kernel.clock import SystemClock
from services.kernel.settings import SettingsError

ROOT = Path(__file__).parents[3]


def get(address: str) -> tuple[int, str]:
    """Return status and text; 0 when nobody listens."""
    try:
        with urlopen(f"http://127.0.0.1:{address}", timeout=5) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except (URLError, ConnectionError):
        return 0, ""


async def test_the_wall_serves_reports_its_health_and_stops_when_asked(
    kpi: Any, serving: Any, eventually: Any
) -> None:
    kpi.watermark_us = SystemClock().now_us()
    taken: set[int] = set()
    http, metrics = free_port(taken), free_port(taken)
    async with serving(kpi) as port:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-m", "dashboards.wall"),
            cwd=ROOT,
            env={
                **os.environ,
                "CARELINE_KPI_ADDRESS": f"127.0.0.1:{port}",
                "CARELINE_HTTP_PORT": str(http),
                "CARELINE_METRICS_PORT": str(metrics),
            },
        )
        try:
            await eventually(lambda: get(f"{metrics}/healthz")[0] == 200, 30)
            health, scraped = get(f"{metrics}/healthz"), get(f"{metrics}/metrics")
            snapshot, page = get(f"{http}/snapshot"), get(f"{http}/")
        finally:
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), 20)
    assert code == 0
    report = json.loads(health[1])
    assert (report["healthy"], report["feed"]) == (True, "connected")
    assert json.loads(snapshot[1])["tiles"][0]["value"] == 40.0
    assert page[0] == 200
    assert "careline_wall_snapshot_age_seconds" in scraped[1]


def test_a_wall_that_heard_nothing_is_not_healthy() -> None:
    wall = bootstrap(Settings("127.0.0.1:1", http_port=0, metrics_port=0))
    healthy, report = wall.report()
    assert not healthy
    assert report["feed"] == "disconnected"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timezone": "Mars/Olympus"}, "CARELINE_TIMEZONE='Mars/Olympus' is no time zone"),
        ({"language": "fr"}, "CARELINE_LANGUAGE='fr' is unknown: take one of en, zh-CN"),
    ],
)
def test_settings_that_do_not_exist_stop_the_start(changes: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        bootstrap(Settings("127.0.0.1:1", http_port=0, metrics_port=0, **changes))


def test_a_bug_in_the_loop_is_raised_where_the_process_stops() -> None:
    crashed = threading.Event()

    async def main(stopping: asyncio.Event) -> None:
        raise RuntimeError("a bug")

    thread = LoopThread(main, on_crash=crashed.set)
    thread.start()
    assert crashed.wait(5)
    with pytest.raises(RuntimeError, match="a bug"):
        thread.stop()
