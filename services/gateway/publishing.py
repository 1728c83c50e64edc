"""Publishes to the head of the lanes: straight to the log, or through the spool while it is away.

Nothing is answered before it is replicated in the log or forced to disk. An attempt has a time
budget; when it runs out the outcome is unknown, the batch goes to the spool as well, and the log
may end up with it twice: the next lane drops repeated event ids exactly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from careline.event.v1.event_pb2 import Event
from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.batching import BatchPolicy, PartitionBatcher
from services.gateway.ports import (
    AppendFailedError,
    RecordLog,
    RecordSpool,
    SpooledSegment,
    SpoolFullError,
    SpoolWriteError,
    UnavailableError,
)
from services.gateway.records import (
    RETURNED,
    decode_spooled,
    encode_spooled,
    event_record,
    payload_letter,
    payload_record,
)
from services.kernel.clock import Clock
from services.kernel.lane.records import Output
from services.kernel.partitioning import partition_of
from services.kernel.telemetry import metrics
from services.kernel.topics import Topic, topic

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PublishPolicy:
    """``attempt_seconds`` must leave room within the shortest answer time a platform allows."""

    batch: BatchPolicy = field(default_factory=BatchPolicy)
    attempt_seconds: float = 2.0
    # What waits for its outcome, in memory: events, and letters; beyond it senders are sent away.
    max_waiting_bytes: int = 64 * 1024 * 1024
    retry_seconds: float = 1.0
    # With so little left in the spool, publishing pauses while the rest goes out.
    switch_bytes: int = 256 * 1024


class BatchPublisher:
    """Two ways: ``direct`` to the log, else into the spool, which is emptied in order meanwhile.

    It starts by way of the spool: what an earlier process left there goes first.
    """

    def __init__(
        self,
        record_log: RecordLog,
        spool: RecordSpool,
        clock: Clock,
        head: Topic,
        policy: PublishPolicy | None = None,
    ) -> None:
        self._log = record_log
        self._spool = spool
        self._clock = clock
        self._head = head
        self._letters = topic(RETURNED).dead_letter or RETURNED
        self._policy = policy or PublishPolicy()
        self._partitions = [
            PartitionBatcher(self._policy.batch, partial(self._deliver, number))
            for number in range(head.partitions)
        ]
        # By partition: the latest time at which a live event that went there occurred.
        self.latest_at_us = [0] * head.partitions
        self._direct = asyncio.Event()
        self._away = asyncio.Event()
        self._away.set()
        # Held while the spool is written to, and while the last of it goes out.
        self._spooling = asyncio.Lock()
        self._answers = False
        self._waiting_letters = 0

    @property
    def direct(self) -> bool:
        return self._direct.is_set()

    @property
    def log_answers(self) -> bool:
        """Tell whether the log took what it was last given."""
        return self._answers

    async def wait_until_direct(self) -> None:
        await self._direct.wait()

    async def publish(self, events: Sequence[Event], payload: Payload | None = None) -> None:
        if sum(one.waiting_bytes for one in self._partitions) > self._policy.max_waiting_bytes:
            raise UnavailableError("too many events wait for the log already")
        outcomes = set()
        for event in events:
            number = partition_of(event.thread_key, self._head.partitions)
            self.latest_at_us[number] = max(self.latest_at_us[number], event.occurred_at_us)
            outcomes.add(self._partitions[number].add(event, payload))
            payload = None  # kept once, with the first of its events
        # Not gather: a caller that is cancelled must not take others' events with it.
        done, _ = await asyncio.wait(outcomes)
        for outcome in done:
            outcome.result()

    async def keep_letter(self, payload: Payload, reason: str) -> None:
        """Keep what was authentic and not understood; return once it is durable."""
        place = f"{payload.organisation_id}/{payload.channel}/{payload.account_id}"
        number = partition_of(place, self._head.partitions)
        record = payload_letter(self._letters, number, payload, reason)
        if self._waiting_letters + len(record.value) > self._policy.max_waiting_bytes:
            raise UnavailableError("too many letters wait for the log already")
        self._waiting_letters += len(record.value)
        try:
            await self._keep([record])
        finally:
            self._waiting_letters -= len(record.value)

    def publish_to(self, partition: int, event: Event) -> None:
        """Queue an event that nobody waits for (a tick), in order with the others."""
        self._partitions[partition].add(event)

    async def run(self) -> None:
        """Publish until cancelled. Any error but the log's and the disk's absence ends it."""
        async with asyncio.TaskGroup() as tasks:
            for one in self._partitions:
                tasks.create_task(one.run())
            tasks.create_task(self._empty_spool_whenever_away())

    async def flush(self) -> None:
        await asyncio.gather(*(one.flush() for one in self._partitions))

    # -- one batch -------------------------------------------------------------------------------

    async def _deliver(
        self, partition: int, events: Sequence[Event], payloads: Sequence[Payload]
    ) -> None:
        now_us = self._clock.now_us()
        records = [event_record(self._head.name, partition, events, events[0].traceparent, now_us)]
        if payloads:
            records.append(payload_record(partition, payloads, now_us))
        await self._keep(records)

    async def _keep(self, records: Sequence[Output]) -> None:
        while True:
            if self.direct and await self._attempt(records):
                return
            async with self._spooling:
                if not self.direct:
                    for record in records:
                        await self._spool_record(record)
                    return

    async def _attempt(self, records: Sequence[Output]) -> bool:
        try:
            async with asyncio.timeout(self._policy.attempt_seconds):
                await self._log.append(records)
        except TimeoutError:
            self._leave(f"no answer within {self._policy.attempt_seconds} s")
            return False
        except AppendFailedError as error:
            self._leave(str(error))
            return False
        return True

    def _leave(self, reason: str) -> None:
        if self.direct:
            log.warning("the log is away; events go to the spool", reason=reason)
        self._answers = False
        self._direct.clear()
        self._away.set()

    async def _spool_record(self, record: Output) -> None:
        try:
            await asyncio.to_thread(self._spool.append, encode_spooled(record))
        except SpoolFullError as error:
            raise UnavailableError("the log is away and the spool is full") from error
        except SpoolWriteError as error:
            log.exception("the spool cannot be written")
            raise UnavailableError("the log is away and the disk does not answer") from error
        finally:
            self._observe_spool()

    # -- the way back ----------------------------------------------------------------------------

    async def _empty_spool_whenever_away(self) -> None:
        while True:
            await self._away.wait()
            await self._log.connect()
            try:
                await self._empty_most()
                returned = await self._empty_rest()
            except AppendFailedError as error:
                log.warning("the spool is not empty yet", reason=str(error))
                returned = False
            if not returned:
                await asyncio.sleep(self._policy.retry_seconds)

    async def _empty_most(self) -> None:
        """Empty the spool while it is written to, until little is left and the log answers."""
        while self._spool.size_bytes > self._policy.switch_bytes or not self._answers:
            async with self._spooling:
                segment = await asyncio.to_thread(self._spool.oldest)
            if segment is None:
                return
            await self._send_segment(segment)

    async def _empty_rest(self) -> bool:
        """Send what is left while nobody publishes, then publish directly again."""
        deadline = asyncio.get_running_loop().time() + self._policy.attempt_seconds
        async with self._spooling:
            while (segment := await asyncio.to_thread(self._spool.oldest)) is not None:
                try:
                    await self._send_segment(segment, deadline)
                except TimeoutError:
                    self._answers = False
                    return False
            self._answers = True
            self._away.clear()
            self._direct.set()
        log.info("events go straight to the log")
        return True

    async def _send_segment(self, segment: SpooledSegment, deadline: float | None = None) -> None:
        """Publish a segment, then remove it. Dying between the two publishes it again.

        Raise ``TimeoutError`` when the log has not taken it by then; the disk is never left alone
        with half of a removal.
        """
        now_us = self._clock.now_us()
        records = [decode_spooled(one, now_us) for one in segment.records]
        async with asyncio.timeout_at(deadline):
            await self._log.append(records)
        self._answers = True
        await asyncio.to_thread(self._spool.remove, segment)
        self._observe_spool()
        log.info("spooled batches published", batches=len(records))

    def _observe_spool(self) -> None:
        metrics.GATEWAY_SPOOLED.set(self._spool.size_bytes)
