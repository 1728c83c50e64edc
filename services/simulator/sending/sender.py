"""Sends actions at their time, several at once, each thread in its order."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from zlib import crc32

import aiohttp

from services.kernel.clock import Clock
from services.simulator.domain.actions import Action
from services.simulator.sending.accounts import SendingAccounts
from services.simulator.sending.requests import Draft, draft
from services.simulator.sending.statistics import Statistics
from services.simulator.sending.timetable import Timetable

_ACCEPTED = frozenset({200, 202})
_COME_BACK = frozenset({408, 429, 502, 503, 504})
_MICROSECOND = 1e-6
_SHOWN_CHARACTERS = 300


class SendingError(RuntimeError):
    """The gateway does not take what is sent; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How to go on when the gateway is away or asks to come back later."""

    first_wait_seconds: float = 0.2
    longest_wait_seconds: float = 5.0
    give_up_seconds: float = 120.0
    answer_seconds: float = 30.0


class _AwayError(Exception):
    """Come back later; ``wait_seconds`` is what the gateway asks for, if it does."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class Sender:
    """``statistics`` is kept up to date, also when sending ends early."""

    def __init__(
        self,
        gateway: str,
        accounts: SendingAccounts,
        clock: Clock,
        *,
        concurrency: int = 32,
        patience: Patience | None = None,
        told: Callable[[Statistics], None] = lambda _statistics: None,
    ) -> None:
        self._gateway = gateway.rstrip("/")
        self._accounts = accounts
        self._clock = clock
        self._concurrency = concurrency
        self._patience = patience or Patience()
        self._told = told
        self.statistics = Statistics()

    async def send(self, actions: Iterable[Action], timetable: Timetable) -> Statistics:
        """Return when everything is accepted. Raise ``SendingError`` or ``AccountsError``."""
        # Small, so that a gateway that is away holds the model up instead of filling the memory.
        queues = [asyncio.Queue[Draft](maxsize=8) for _ in range(self._concurrency)]
        timeout = aiohttp.ClientTimeout(total=self._patience.answer_seconds)
        connector = aiohttp.TCPConnector(limit=self._concurrency)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            try:
                async with asyncio.TaskGroup() as group:
                    workers = [group.create_task(self._work(session, each)) for each in queues]
                    async for one in self._in_time(actions, timetable):
                        await queues[crc32(one.thread.encode()) % len(queues)].put(one)
                    for queue in queues:
                        await queue.join()
                    for worker in workers:
                        worker.cancel()
            except BaseExceptionGroup as failed:
                raise failed.exceptions[0] from None
        return self.statistics

    async def _in_time(
        self, actions: Iterable[Action], timetable: Timetable
    ) -> AsyncIterator[Draft]:
        for action in actions:
            at_us = timetable.at_us(action.at_us)
            if timetable.waits:
                early = (at_us - self._clock.now_us()) * _MICROSECOND
                self.statistics.late_seconds = max(0.0, -early)
                if early > 0:
                    await asyncio.sleep(early)
            yield draft(action, at_us, self._accounts)

    async def _work(self, session: aiohttp.ClientSession, queue: asyncio.Queue[Draft]) -> None:
        while True:
            one = await queue.get()
            await self._deliver(session, one)
            self._told(self.statistics)
            queue.task_done()

    async def _deliver(self, session: aiohttp.ClientSession, one: Draft) -> None:
        started = time.monotonic()
        wait = self._patience.first_wait_seconds
        while True:
            try:
                await self._post(session, one)
            except _AwayError as away:
                tried = time.monotonic() - started
                if tried > self._patience.give_up_seconds:
                    raise SendingError(
                        f"the gateway at {self._gateway} took nothing for {tried:.0f} s ({away}); "
                        "see: careline status"
                    ) from None
                self.statistics.retries += 1
                await asyncio.sleep(wait if away.wait_seconds is None else away.wait_seconds)
                wait = min(2 * wait, self._patience.longest_wait_seconds)
            else:
                return

    async def _post(self, session: aiohttp.ClientSession, one: Draft) -> None:
        started = time.monotonic()
        headers = one.headers(self._clock.now_us())
        try:
            async with session.post(
                self._gateway + one.path, data=one.body, headers=headers
            ) as response:
                status, answer = response.status, await response.read()
                retry_after = response.headers.get("Retry-After", "")
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
            raise _AwayError(str(error) or type(error).__name__) from error
        if status in _COME_BACK:
            raise _AwayError(f"it answers {status}", self._asked_wait(retry_after))
        if status not in _ACCEPTED:
            shown = answer[:_SHOWN_CHARACTERS].decode(errors="replace")
            raise SendingError(
                f"the gateway at {self._gateway} refuses {one.path} with {status}: {shown}. It "
                "must run with the accounts file that the simulator reads (CARELINE_ACCOUNTS)"
            )
        self._count(one, answer, time.monotonic() - started)

    def _asked_wait(self, retry_after: str) -> float | None:
        """Return the wait that the gateway asks for, in seconds, within reason."""
        if not retry_after.isdigit():
            return None
        return min(float(retry_after), self._patience.longest_wait_seconds)

    def _count(self, one: Draft, answer: bytes, seconds: float) -> None:
        taken = json.loads(answer)
        self.statistics.accepted += taken["accepted"]
        self.statistics.duplicates += taken["duplicates"]
        self.statistics.by_channel[one.channel] += 1
        self.statistics.answer_seconds += seconds
