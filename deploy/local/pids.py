"""Name a process so that a later one with the same pid is not mistaken for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

# Positions in /proc/<pid>/stat after the name in parentheses, see proc(5).
_STATE, _GROUP, _STARTED = 0, 2, 19
_DEAD_STATES = "ZX"


class ProcessId(msgspec.Struct, frozen=True):
    """A pid and the moment its process started, as the system tells it."""

    pid: int
    started: str


def identify(pid: int) -> ProcessId | None:
    """Return the running process with that pid; None when there is none (a zombie is none)."""
    if sys.platform == "linux":
        fields = _stat(pid)
        if fields is None or fields[_STATE] in _DEAD_STATES:
            return None
        return ProcessId(pid, fields[_STARTED])
    answer = subprocess.run(  # noqa: S603  no shell; the runner's own arguments
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split(maxsplit=1)
    if len(answer) != len(("stat", "lstart")) or answer[0][0] in _DEAD_STATES:
        return None
    return ProcessId(pid, answer[1].strip())


def is_alive(process: ProcessId) -> bool:
    return identify(process.pid) == process


def group_is_alive(group: int) -> bool:
    """Return whether any process of the group still runs; zombies do not."""
    if sys.platform == "linux":
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        stats = map(_stat, pids)
        return any(
            fields is not None
            and fields[_GROUP] == str(group)
            and fields[_STATE] not in _DEAD_STATES
            for fields in stats
        )
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
