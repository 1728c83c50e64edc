"""Several processes: started in an order, watched, stopped in the reverse order."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator

from deploy.local.errors import LocalStackError
from deploy.local.process import STOP_SECONDS, Process, ProcessSpec

_POLL_SECONDS = 0.1


class Supervisor:
    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._processes: dict[str, Process] = {}

    def __iter__(self) -> Iterator[Process]:
        return iter(tuple(self._processes.values()))

    def __getitem__(self, name: str) -> Process:
        try:
            return self._processes[name]
        except KeyError:
            names = ", ".join(self._processes)
            raise LocalStackError(
                f"no process {name!r} in the stack; there are: {names or 'none'}"
            ) from None

    def __contains__(self, name: str) -> bool:
        return name in self._processes

    def start(self, spec: ProcessSpec) -> Process:
        if spec.name in self._processes:
            raise LocalStackError(f"{spec.name} is in the stack already")
        process = Process(spec, self._on_change)
        self._processes[spec.name] = process
        process.start()
        return process

    def wait_ready(
        self, names: Collection[str], *, seconds: float, on_ready: Callable[[str], None]
    ) -> None:
        """Wait until all are healthy; raise for the first that ends or misses the deadline."""
        deadline = time.monotonic() + seconds
        waiting = list(names)
        while waiting:
            for name in [name for name in waiting if self[name].is_ready()]:
                waiting.remove(name)
                on_ready(name)
            if waiting and time.monotonic() >= deadline:
                raise self[waiting[0]].not_healthy(seconds)
            if waiting:
                time.sleep(_POLL_SECONDS)

    def stop(self, names: Collection[str], *, seconds: float = STOP_SECONDS) -> list[str]:
        """Ask all in reverse order, then wait for all until one deadline; return the killed.

        Each does not wait for the one before: with a log between them they do not need each other
        to stop, and ten orderly stops one after the other would take a minute.
        """
        stopping = [process for process in reversed(list(self)) if process.name in names]
        for process in stopping:
            process.ask_to_stop()
        deadline = time.monotonic() + seconds
        killed = [
            process.name
            for process in stopping
            if not process.stop(seconds=max(0.0, deadline - time.monotonic()))
        ]
        for process in stopping:
            del self._processes[process.name]
        return killed

    def kill_all(self) -> None:
        for process in self:
            process.kill(restart=False)
