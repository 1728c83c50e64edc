from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.child import Command
from deploy.local.process import Backoff, Process, ProcessSpec

Start = Callable[..., Process]

# Tells by a file that it runs, then waits for a signal.
READY_THEN_WAIT = """
import pathlib, signal, sys
pathlib.Path("ready").touch()
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Command]:
    def make(script: str, *, cwd: Path = tmp_path) -> Command:
        return Command(
            argv=[sys.executable, "-I", "-S", "-c", script],
            log=tmp_path / "logs" / "process.log",
            cwd=cwd,
            env=dict(os.environ),
        )

    return make


@pytest.fixture
def start(tmp_path: Path, command: Callable[..., Command]) -> Iterator[Start]:
    """Start a script as a watched process; it is healthy once it has written ``ready``."""
    started: list[Process] = []

    def run(script: str = READY_THEN_WAIT, *, backoff: Backoff | None = None) -> Process:
        (tmp_path / "ready").unlink(missing_ok=True)
        process = Process(
            ProcessSpec(
                name="tiny",
                command=command(script),
                ready=(tmp_path / "ready").exists,
                backoff=backoff,
            )
        )
        started.append(process)
        process.start()
        return process

    yield run
    for process in started:
        process.kill(restart=False)
