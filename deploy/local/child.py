"""One started process: its group, its log, signals to it, an orderly stop.

All children are forked by one thread that lives as long as the interpreter: Linux sends the
parent-death signal when the forking *thread* ends, so a child forked by a short-lived thread would
die with that thread.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from deploy.local.account import Account
from deploy.local.pids import ProcessId, group_is_alive, identify
from deploy.local.waiting import wait_until

_TETHER = Path(__file__).with_name("tether.py")
# A log larger than this is set aside as <name>.log.1 at the next start.
_LOG_LIMIT_BYTES = 20 * 1024 * 1024
_TAIL_BYTES = 64 * 1024
# How long the rest of a group may outlive its leader before it is killed.
_GROUP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run. ``log`` receives standard output and error."""

    argv: Sequence[str]
    log: Path
    cwd: Path
    env: Mapping[str, str]
    account: Account | None = None


class Child:
    """A running process, leader of its own group, so that Ctrl-C reaches the runner alone."""

    def __init__(self, command: Command) -> None:
        self.log = command.log
        self._log_start = _prepare_log(command.log)
        self.started_at = time.monotonic()
        self._process = _spawn(lambda: _popen(command))
        self.id = identify(self._process.pid) or ProcessId(self._process.pid, "gone")

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self) -> int:
        return self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Signal the whole group; nothing happens when the process has ended."""
        if self.poll() is None:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                return

    def kill(self) -> None:
        self.send(signal.SIGKILL)

    def terminate(self) -> None:
        # A frozen process takes the SIGTERM only after the SIGCONT.
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)

    def end(self, *, seconds: float) -> bool:
        """Wait for the end, kill what is left at the deadline; False when it had to be killed."""
        orderly = self._ended_within(seconds)
        if not orderly:
            self.kill()
            self.wait()
        if not wait_until(lambda: not group_is_alive(self.pid), seconds=_GROUP_SECONDS):
            os.killpg(self.pid, signal.SIGKILL)
            orderly = False
        return orderly

    def last_lines(self, count: int = 20) -> list[str]:
        """Return the end of what this process (no earlier one) wrote."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
        return text.splitlines()[-count:]

    def _ended_within(self, seconds: float) -> bool:
        return wait_until(lambda: self.poll() is not None, seconds=seconds)


def _prepare_log(log: Path) -> int:
    """Return the size of the log before this start."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    return log.stat().st_size if log.exists() else 0


def _popen(command: Command) -> subprocess.Popen[bytes]:
    account = command.account
    user = (str(account.uid), str(account.gid)) if account else ("-", "-")
    tether = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *user]
    with command.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603  no shell; the runner's own arguments
            [*tether, *command.argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(command.env),
            cwd=command.cwd,
            start_new_session=True,
        )


_Job = tuple[Callable[[], "subprocess.Popen[bytes]"], "Future[subprocess.Popen[bytes]]"]


class _Spawner:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="careline-spawner", daemon=True).start()

    def spawn(self, job: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        future: Future[subprocess.Popen[bytes]] = Future()
        self._jobs.put((job, future))
        return future.result()

    def _run(self) -> None:
        while True:
            job, future = self._jobs.get()
            try:
                future.set_result(job())
            except OSError as error:
                future.set_exception(error)


_spawner: _Spawner | None = None
_spawner_lock = threading.Lock()


def _spawn(job: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    global _spawner  # noqa: PLW0603  one thread per interpreter, and anew after a fork
    with _spawner_lock:
        if _spawner is None or _spawner.pid != os.getpid():
            _spawner = _Spawner()
        spawner = _spawner
    return spawner.spawn(job)
