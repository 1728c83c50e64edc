"""A process that is kept alive: started, watched, restarted after a crash, frozen, killed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from deploy.local.child import Child, Command
from deploy.local.errors import LocalStackError, StartError
from deploy.local.pids import ProcessId
from deploy.local.waiting import wait_until

STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between restarts: 1, 2, 4 … 30 s, and from the start again after a long life."""

    first_seconds: float = 1.0
    ceiling_seconds: float = 30.0
    stable_seconds: float = 60.0

    def pause(self, crashes: int) -> float:
        """Return the pause after so many crashes in a row (from 1)."""
        return min(self.first_seconds * 2.0 ** min(crashes - 1, 30), self.ceiling_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    name: str
    command: Command
    ready: Callable[[], bool]
    # None: a crash stays a crash.
    backoff: Backoff | None = None


class State(StrEnum):
    STOPPED = "stopped"
    RUNNING = "running"
    FROZEN = "frozen"
    CRASHED = "crashed"


def _nothing() -> None:
    """Tell nobody."""


class Process:
    """Thread-safe. A thread waits for the end of each start and restarts what crashed."""

    def __init__(self, spec: ProcessSpec, on_change: Callable[[], None] = _nothing) -> None:
        self.spec = spec
        self.restarts = 0
        self.last_exit: int | None = None
        self._on_change = on_change
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._child: Child | None = None
        self._wanted = False
        self._frozen = False
        self._crashes = 0

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def id(self) -> ProcessId | None:
        """Return the running process; None while it is down."""
        child = self._child
        return child.id if child is not None and child.poll() is None else None

    @property
    def pid(self) -> int | None:
        running = self.id
        return running.pid if running else None

    @property
    def state(self) -> State:
        if self.id is not None:
            return State.FROZEN if self._frozen else State.RUNNING
        return State.CRASHED if self._wanted else State.STOPPED

    def start(self) -> None:
        with self._lock:
            if self._wanted and self.id is not None:
                raise LocalStackError(f"{self.name} already runs as process {self.pid}")
            self._wanted = True
            self._crashes = 0
            self._launch()
        self._on_change()

    def is_ready(self) -> bool:
        """Ask for health; raise when the process has ended, with the end of its log."""
        child = self._child
        if child is None:
            raise LocalStackError(f"{self.name} was not started")
        code = child.poll()
        if code is None and self._crashes:
            # It ended between two questions and was restarted already.
            code = self.last_exit
        if code is not None:
            lived = time.monotonic() - child.started_at
            raise StartError(
                f"{self.name} ended with {_exit(code)} within {lived:.1f} s, before it was healthy",
                str(child.log),
                child.last_lines(),
            )
        return self.spec.ready()

    def wait_ready(self, *, seconds: float) -> None:
        """Wait for health after ``start``; raise at once when the process ends."""
        if not wait_until(self.is_ready, seconds=seconds, every_seconds=0.1):
            raise self.not_healthy(seconds)

    def not_healthy(self, seconds: float) -> StartError:
        child = self._child
        return StartError(
            f"{self.name} was not healthy within {seconds:g} s",
            str(self.spec.command.log),
            child.last_lines() if child else (),
        )

    def wait_restarted(self, *, seconds: float) -> None:
        """Wait until the process runs and is healthy, however often it has to be restarted."""

        def again() -> bool:
            return self.id is not None and self.spec.ready()

        if not wait_until(again, seconds=seconds, every_seconds=0.1):
            raise self.not_healthy(seconds)

    def ask_to_stop(self) -> None:
        """Send SIGTERM and no longer restart it; ``stop`` then waits for the end."""
        with self._lock:
            self._wanted = False
            self._wake.set()
            if self._child is not None:
                self._child.terminate()

    def stop(self, *, seconds: float = STOP_SECONDS) -> bool:
        """Stop in order; False when it had to be killed at the deadline."""
        self.ask_to_stop()
        child = self._child
        orderly = child.end(seconds=seconds) if child is not None else True
        self._frozen = False
        self._on_change()
        return orderly

    def kill(self, *, restart: bool = True) -> None:
        """Send SIGKILL. Without ``restart`` the process stays down until ``start``."""
        with self._lock:
            if not restart:
                self._wanted = False
                self._wake.set()
            child = self._child
            if child is not None:
                child.kill()
        if child is not None and not restart:
            child.end(seconds=STOP_SECONDS)
            self._on_change()

    def freeze(self) -> None:
        """Send SIGSTOP: the process neither works nor closes its connections."""
        self._signal(signal.SIGSTOP, frozen=True)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT, frozen=False)

    def _signal(self, number: signal.Signals, *, frozen: bool) -> None:
        with self._lock:
            if self._child is None or self.id is None:
                raise LocalStackError(f"{self.name} is not running")
            self._child.send(number)
            self._frozen = frozen

    def _launch(self) -> None:
        child = Child(self.spec.command)
        self._child = child
        self._frozen = False
        self._wake = threading.Event()
        threading.Thread(
            target=self._watch,
            args=(child, self._wake),
            name=f"watch-{self.name}",
            daemon=True,
        ).start()

    def _watch(self, child: Child, wake: threading.Event) -> None:
        code = child.wait()
        with self._lock:
            self.last_exit = code
            if not self._wanted or self._child is not child:
                return
            lived = time.monotonic() - child.started_at
            backoff = self.spec.backoff
            if backoff is None:
                pause = None
            else:
                self._crashes = 1 if lived >= backoff.stable_seconds else self._crashes + 1
                pause = backoff.pause(self._crashes)
        self._on_change()
        if pause is None or wake.wait(pause):
            return
        with self._lock:
            if not self._wanted or self._child is not child:
                return
            self.restarts += 1
            self._launch()
        self._on_change()


def _exit(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
