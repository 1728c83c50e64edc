"""Look at a stack of another process, stop it, clear what a killed one left."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.errors import LocalStackError
from deploy.local.kafka import answers
from deploy.local.pids import ProcessId, group_is_alive, is_alive
from deploy.local.record import ProcessRecord, StackRecord, read_record, remove_record
from deploy.local.waiting import http_ok, wait_until

# Longer than the runner's own deadlines for the services and then the nodes.
OWNER_SECONDS = 60.0
_LEFTOVER_SECONDS = 15.0
_KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    record: ProcessRecord
    alive: bool
    healthy: bool


def running_stack(run_dir: Path) -> StackRecord:
    """Return the running stack of the folder; raise when there is none."""
    record = read_record(run_dir)
    if record is None or not record.owner_is_alive:
        raise LocalStackError(f"Careline does not run from {run_dir}: start it with `careline up`.")
    return record


def inspect(record: StackRecord) -> list[ProcessStatus]:
    """Ask every process of the stack whether it is healthy."""
    found = []
    for process in record.processes:
        alive = process.id is not None and is_alive(process.id)
        found.append(ProcessStatus(process, alive, alive and _is_healthy(process.health_url)))
    return found


def _is_healthy(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "kafka":
        return parts.port is not None and answers(parts.port)
    return http_ok(url)


def down(run_dir: Path, *, seconds: float = OWNER_SECONDS) -> bool:
    """Stop the stack of the folder from any process; False when none ran."""
    record = read_record(run_dir)
    if record is None:
        return False
    owner = record.owner
    ran = record.owner_is_alive
    if ran and owner.pid == os.getpid():
        raise LocalStackError("this process runs the stack itself: call its stop()")
    if ran:
        _signal(owner, signal.SIGTERM)
        if not wait_until(lambda: not is_alive(owner), seconds=seconds):
            _signal(owner, signal.SIGKILL)
            wait_until(lambda: not is_alive(owner), seconds=_KILL_SECONDS)
    left = clear_leftovers(run_dir)
    return ran or bool(left)


def clear_leftovers(run_dir: Path) -> list[str]:
    """Stop what a stack left whose runner is gone; return the names of what still ran."""
    record = read_record(run_dir)
    if record is None or record.owner_is_alive:
        return []
    left = [
        process for process in record.processes if process.id is not None and is_alive(process.id)
    ]
    groups = [process.id.pid for process in reversed(left) if process.id is not None]
    for number, seconds in ((signal.SIGTERM, _LEFTOVER_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        for group in groups:
            # Each process leads a group of its own; a frozen one must wake up to end.
            with suppress(ProcessLookupError):
                os.killpg(group, number)
                os.killpg(group, signal.SIGCONT)
        if wait_until(lambda: not any(map(group_is_alive, groups)), seconds=seconds):
            break
    remove_record(run_dir)
    return [process.name for process in left]


def _signal(process: ProcessId, number: signal.Signals) -> None:
    if is_alive(process):
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
