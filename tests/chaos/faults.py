"""Breaks a running stack at random instants, by a seed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Self

from deploy.local.stack import LocalStack
from deploy.local.waiting import http_ok, wait_until
from deploy.local.worker import health_url

STAGES = (
    "identity-assign",
    "identity-resolver",
    "insight",
    "conversation",
    "sla",
    "kpi",
    "indexer",
)
# Longer than the broker waits for a worker (its session is 10 s).
FREEZE_SECONDS = 13.0
READY_SECONDS = 120.0


class Faults:
    """Runs one fault after another until told to stop; every process is well again at the end."""

    def __init__(self, stack: LocalStack, seed: int) -> None:
        self._stack = stack
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._extra: list[str] = []
        self.done: list[str] = []
        self._thread = threading.Thread(target=self._run, name=f"faults-{seed}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=READY_SECONDS)
        for name in self._extra:
            self._stack[name].kill(restart=False)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        kinds: list[Callable[[], str]] = [
            self._kill_a_stage,
            self._kill_a_stage,
            self._kill_two_stages,
            self._freeze_a_stage,
            self._start_a_second_worker,
            self._restart_the_broker,
            self._stop_elasticsearch,
        ]
        self._chance.shuffle(kinds)
        try:
            for fault in kinds:
                if self._pause(self._chance.uniform(0.5, 3.0)):
                    return
                self.done.append(fault())
        except BaseException as error:  # noqa: BLE001  # told to the test by __exit__
            self._failure = error

    def _pause(self, seconds: float) -> bool:
        return self._ended.wait(seconds)

    def _kill_a_stage(self) -> str:
        name = self._chance.choice(STAGES)
        self._stack[name].kill()
        return f"kill -9 {name}"

    def _kill_two_stages(self) -> str:
        names = self._chance.sample(STAGES, 2)
        for name in names:
            self._stack[name].kill()
        return f"kill -9 {' and '.join(names)}"

    def _freeze_a_stage(self) -> str:
        """Hold a worker past its session, then wake it: it must spoil nothing."""
        name = self._chance.choice(STAGES)
        process = self._stack[name]
        process.freeze()
        self._pause(FREEZE_SECONDS)
        process.thaw()
        return f"freeze {name} for {FREEZE_SECONDS:.0f} s"

    def _start_a_second_worker(self) -> str:
        name = self._chance.choice(STAGES)
        self._extra.append(self._stack.start_worker(name))
        return f"second worker of {name}"

    def _restart_the_broker(self) -> str:
        self._stack["kafka"].kill()
        self._stack["kafka"].wait_restarted(seconds=READY_SECONDS)
        return "kill -9 kafka"

    def _stop_elasticsearch(self) -> str:
        process = self._stack["elasticsearch"]
        process.stop()
        self._pause(self._chance.uniform(2.0, 6.0))
        process.start()
        process.wait_ready(seconds=READY_SECONDS)
        return "elasticsearch stopped for a while"


def wait_until_healthy(stack: LocalStack, *, seconds: float = READY_SECONDS) -> None:
    """Wait for every service, however often it was killed and restarted before."""
    deadline = time.monotonic() + seconds
    for spec in stack.services:
        url = health_url(stack.service_ports(spec.name))
        rest = max(1.0, deadline - time.monotonic())
        assert wait_until(partial(http_ok, url), seconds=rest), f"{spec.name} is not healthy"
