"""``careline demo`` from its start to the Ctrl-C that ends it, twice in one run folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.control import running_stack
from deploy.local.pids import is_alive
from deploy.local.record import StackRecord, read_record
from services.kernel.clock import SystemClock, to_iso

_RATE = "0.06"
_END_SECONDS = 60.0
_MINUTE_US = 60_000_000


class Demo:
    """A running demo; its lines come one by one."""

    def __init__(self, process: subprocess.Popen[str], run_dir: Path) -> None:
        self.process = process
        self._run_dir = run_dir

    def line_with(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return line.strip()
        raise AssertionError(f"it ended ({self.process.wait()}) without saying {text!r}")

    def record(self) -> StackRecord:
        return running_stack(self._run_dir)

    def contacts(self, to: str) -> int:
        query = ["kpi", "query", "contacts", "--to", to, "--json"]
        asked = subprocess.run(
            [sys.executable, "-m", "services.cli", *query],
            env={**os.environ, "CARELINE_RUN_DIR": str(self._run_dir)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert asked.returncode == 0, asked.stderr
        return int(json.loads(asked.stdout)["kpis"]["contacts"]["rows"][0]["count"])


@contextmanager
def demo(run_dir: Path, *options: str) -> Iterator[Demo]:
    command = [sys.executable, "-m", "services.cli", "demo", "--beside", "--rate", _RATE]
    with subprocess.Popen(
        [*command, "--run-dir", str(run_dir), *options], stdout=subprocess.PIPE, text=True
    ) as process:
        # A demo that hangs ends by itself, so that the test's reading does.
        watchdog = threading.Timer(240, process.terminate)
        watchdog.start()
        try:
            yield Demo(process, run_dir)
        finally:
            watchdog.cancel()
            process.terminate()


def answers(address: str) -> int:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def nothing_runs(run_dir: Path, left: StackRecord) -> bool:
    return read_record(run_dir) is None and not any(
        process.id is not None and is_alive(process.id) for process in left.processes
    )


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_a_demo_leaves_nothing_running_and_the_next_one_goes_on_with_it(run_dir: Path) -> None:
    with demo(run_dir) as first:
        wall = first.line_with("the wall: ").removeprefix("the wall: ")
        played = first.line_with("events were played")
        earlier = to_iso(SystemClock().now_us() // _MINUTE_US * _MINUTE_US - _MINUTE_US)
        record = first.record()
        assert answers(wall) == 200
        contacts = first.contacts(earlier)
        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(_END_SECONDS) == 0
    assert nothing_runs(run_dir, record)
    assert int(played.split(" ")[0].replace(",", "")) > 1_000
    assert contacts > 300

    started = time.monotonic()
    with demo(run_dir, "--minutes", "0.1") as second:
        played = second.line_with("events were played")
        record = second.record()
        # What the first one told is not told again.
        assert second.contacts(earlier) == contacts
        assert second.process.wait(_END_SECONDS) == 0
    assert nothing_runs(run_dir, record)
    assert int(played.split(" ")[0].replace(",", "")) < (time.monotonic() - started) + 60


def test_a_ctrl_c_during_the_start_leaves_nothing_running(run_dir: Path) -> None:
    with demo(run_dir) as started:
        record = None
        while record is None or not record.processes:
            assert started.process.poll() is None
            time.sleep(0.05)  # until the first process is recorded
            record = read_record(run_dir)
        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(_END_SECONDS) == 130
    assert nothing_runs(run_dir, record)
