"""Gathers one partition's events into batches and delivers them one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from careline.event.v1.event_pb2 import Event
from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.ports import UnavailableError

# A field's tag and length inside the batch.
_EVENT_OVERHEAD_BYTES = 5

Deliver = Callable[[Sequence[Event], Sequence[Payload]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """A batch is closed at the first of these; one event may be larger than the bytes."""

    max_delay_seconds: float = 0.02
    max_events: int = 200
    max_bytes: int = 512 * 1024


@dataclass(slots=True, eq=False)
class _Batch:
    opened_at: float
    done: asyncio.Future[None]
    events: list[Event] = field(default_factory=list)
    payloads: list[Payload] = field(default_factory=list)
    bytes: int = 0


class PartitionBatcher:
    """One batch is under way at a time, so a partition's order is the order of ``add``.

    Whatever comes meanwhile gathers in the next batch: the slower the log, the larger the batches.
    """

    def __init__(self, policy: BatchPolicy, deliver: Deliver) -> None:
        self._policy = policy
        self._deliver = deliver
        self._batches: deque[_Batch] = deque()
        self._unfinished: set[_Batch] = set()
        self._filled = asyncio.Event()
        self._due = asyncio.Event()
        self.waiting_bytes = 0

    def add(self, event: Event, payload: Payload | None = None) -> asyncio.Future[None]:
        """Queue an event; the future is done once it is durable, or holds the reason why not.

        ``payload``: what it came in, kept beside it. Do not cancel the future: others share it.
        """
        size = event.ByteSize() + _EVENT_OVERHEAD_BYTES
        if payload is not None:
            size += payload.ByteSize() + _EVENT_OVERHEAD_BYTES
        batch = self._batches[-1] if self._batches else self._open()
        if batch.events and (self._is_full(batch) or batch.bytes + size > self._policy.max_bytes):
            batch = self._open()
            self._due.set()
        batch.events.append(event)
        if payload is not None:
            batch.payloads.append(payload)
        batch.bytes += size
        self.waiting_bytes += size
        if self._is_full(batch):
            self._due.set()
        return batch.done

    def _is_full(self, batch: _Batch) -> bool:
        policy = self._policy
        return len(batch.events) >= policy.max_events or batch.bytes >= policy.max_bytes

    def _open(self) -> _Batch:
        loop = asyncio.get_running_loop()
        batch = _Batch(loop.time(), loop.create_future())
        self._batches.append(batch)
        self._unfinished.add(batch)
        self._filled.set()
        return batch

    async def run(self) -> None:
        """Deliver until cancelled. An error other than ``UnavailableError`` ends it."""
        while True:
            await self._filled.wait()
            batch = self._batches[0]
            if len(self._batches) == 1:
                await self._wait_for_more(batch)
            self._batches.popleft()
            self._due.clear()
            if not self._batches:
                self._filled.clear()
            await self._finish(batch)

    async def _wait_for_more(self, batch: _Batch) -> None:
        loop = asyncio.get_running_loop()
        rest = batch.opened_at + self._policy.max_delay_seconds - loop.time()
        if rest <= 0 or self._is_full(batch):
            return
        try:
            async with asyncio.timeout(rest):
                await self._due.wait()
        except TimeoutError:
            return

    async def _finish(self, batch: _Batch) -> None:
        try:
            await self._deliver(batch.events, batch.payloads)
        except UnavailableError as error:
            batch.done.set_exception(error)
            # Whoever asked may be gone; a tick's outcome interests nobody.
            batch.done.exception()
        except BaseException:
            batch.done.cancel()
            raise
        else:
            batch.done.set_result(None)
        finally:
            self._unfinished.discard(batch)
            self.waiting_bytes -= batch.bytes

    async def flush(self) -> None:
        """Return once everything queued so far is durable or turned away."""
        self._due.set()
        if self._unfinished:
            await asyncio.wait([batch.done for batch in self._unfinished])
