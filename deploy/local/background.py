"""Run a stack in a process of its own that outlives the caller, for ``careline up``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import msgspec

from deploy.local.control import running_stack
from deploy.local.errors import LocalStackError
from deploy.local.ports import Ports
from deploy.local.progress import Progress
from deploy.local.record import StackRecord
from deploy.local.worker import REPOSITORY, log_file


class Started(msgspec.Struct, frozen=True, tag=True):
    step: str


class Detail(msgspec.Struct, frozen=True, tag=True):
    step: str
    text: str


class Finished(msgspec.Struct, frozen=True, tag=True):
    step: str
    seconds: float


class Running(msgspec.Struct, frozen=True, tag=True):
    """The start is complete; nothing follows."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    message: str


Report = Started | Detail | Finished | Running | Failed


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner is asked to start."""

    run_dir: str
    ports: Ports
    # Names of the services; None means all.
    services: tuple[str, ...] | None = None
    env: dict[str, str] = {}


class Reporter:
    """Progress as one line of JSON per report."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def send(self, report: Report) -> None:
        self._out.write(msgspec.json.encode(report).decode() + "\n")
        self._out.flush()

    def started(self, step: str) -> None:
        self.send(Started(step))

    def detail(self, step: str, text: str) -> None:
        self.send(Detail(step, text))

    def finished(self, step: str, seconds: float) -> None:
        self.send(Finished(step, seconds))


def start_in_background(request: Request, progress: Progress) -> StackRecord:
    """Start the runner and return when all is healthy; raise with its reason when it fails.

    Ctrl-C meanwhile stops the runner, and with it all that it started.
    """
    # The runner works in another folder.
    run_dir = Path(request.run_dir).resolve()
    request = msgspec.structs.replace(request, run_dir=str(run_dir))
    log = log_file(run_dir, "runner")
    log.parent.mkdir(parents=True, exist_ok=True)
    # By a pipe, not as arguments: the environment may hold secrets.
    with log.open("ab") as errors:
        runner = subprocess.Popen(
            [sys.executable, "-m", "deploy.local"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=REPOSITORY,
            env=dict(os.environ),
            start_new_session=True,
        )
    try:
        assert runner.stdin is not None
        assert runner.stdout is not None
        with runner.stdin:
            runner.stdin.write(msgspec.json.encode(request))
        with runner.stdout:
            _follow(runner.stdout, progress, log)
    except BaseException:
        runner.terminate()
        runner.wait()
        raise
    # It lives on; Popen would otherwise warn that nobody waited for it.
    runner.returncode = 0
    return running_stack(run_dir)


def _follow(reports: Iterable[bytes], progress: Progress, log: Path) -> None:
    for line in reports:
        match msgspec.json.decode(line, type=Report):
            case Started(step):
                progress.started(step)
            case Detail(step, text):
                progress.detail(step, text)
            case Finished(step, seconds):
                progress.finished(step, seconds)
            case Failed(message):
                raise LocalStackError(message)
            case Running():
                return
    raise LocalStackError(f"the runner ended without a word: see {log}")
