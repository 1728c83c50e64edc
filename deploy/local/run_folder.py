"""The run folder: one stack at a time, and the record by which others find it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from deploy.local.errors import AlreadyRunningError, LocalStackError
from deploy.local.record import StackRecord, read_record, remove_record, write_record
from deploy.local.worker import REPOSITORY

RUN_DIR_VARIABLE = "CARELINE_RUN_DIR"


def default_run_dir() -> Path:
    named = os.environ.get(RUN_DIR_VARIABLE)
    return Path(named).resolve() if named else REPOSITORY / ".careline"


class RunFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        self._writing = threading.Lock()

    @property
    def is_ours(self) -> bool:
        return self._lock is not None

    def take(self) -> None:
        """Lock it; the system gives it back when this process ends, however it ends."""
        if self._lock is not None:
            raise LocalStackError("this stack was started already")
        self.path.mkdir(parents=True, exist_ok=True)
        lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            record = read_record(self.path)
            owner = f" (process {record.owner.pid})" if record else ""
            raise AlreadyRunningError(
                f"Careline already runs from {self.path}{owner}: stop it with `careline down`, "
                "or choose another run folder and other ports."
            ) from None
        self._lock = lock

    def give_back(self) -> None:
        with self._writing:
            remove_record(self.path)
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def write(self, record: Callable[[], StackRecord]) -> None:
        """Write the record if the folder is ours; safe from any thread."""
        with self._writing:
            if self._lock is not None:
                write_record(self.path, record())
