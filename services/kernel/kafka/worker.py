"""Faust as a lane's engine: it assigns partitions and brings records; the core decides.

The order of calls, and why each stands where it stands, is in docs/adr/0003-flush-groups.md.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faust
import structlog

from services.kernel.kafka.reading import log_starts, read_state
from services.kernel.kafka.writing import OutputWriter, StateWriter
from services.kernel.lane.core import LaneCore
from services.kernel.lane.records import Record
from services.kernel.lane.stage import Follower, Sink
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

EXIT_FAILED = 70

# How long the broker may take for one step. A client that waits for an answer that never comes
# (seen: a transaction across a broker's kill -9) must not stand still for ever: the process ends,
# and its successor goes on from the last transaction.
_BROKER_SECONDS = 30.0

_NO_HEADERS: dict[str, bytes] = {}

Exit = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FlushPolicy:
    """When an open group is closed.

    At so many records per owned partition; else at once when the last flush is at least
    ``interval_seconds`` ago, or as soon as it is. A quiet lane answers within milliseconds, a busy
    one pays for few transactions.
    """

    records_per_partition: int = 64
    interval_seconds: float = 0.05


@dataclass(slots=True)
class Progress:
    """What health and status are told."""

    records: int = 0
    events: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    ready: bool = False
    lag: dict[int, int] = field(default_factory=dict)
    moved_at: float = 0.0


class EngineError(RuntimeError):
    """Faust stopped by itself."""


class LaneWorker:
    """Runs one core on one Faust app.

    Any exception ends the process: Faust would restart the agent and lose the record in its hands.
    """

    def __init__(
        self,
        core: LaneCore,
        *,
        kafka: str,
        sink: Sink | None = None,
        follower: Follower | None = None,
        policy: FlushPolicy | None = None,
        worker_id: str | None = None,
        exit_process: Exit = os._exit,
    ) -> None:
        self.core = core
        self.progress = Progress()
        self._kafka = kafka
        self._sink = sink
        self._follower = follower
        self._policy = policy or FlushPolicy()
        self._worker_id = worker_id
        self._exit = exit_process
        self._outputs = OutputWriter(kafka, f"{core.spec.name}-outputs")
        self._state = StateWriter(kafka, core.spec.name, core.spec.state_topic)
        self._lock = asyncio.Lock()
        self._open = asyncio.Event()
        self._events: list[Any] = []
        self._stream: Any = None
        self._epoch = 0
        self._active = False
        self._stopping = False
        # Per partition, the first input offset whose effects are not durable yet.
        self._durable: dict[int, int] = {}
        self._flushed_at = 0.0
        self._group_limit = self._policy.records_per_partition
        self.app = self._build_app()

    def _build_app(self) -> Any:
        app = faust.App(
            self.core.spec.name,
            broker=f"kafka://{self._kafka}",
            store="memory://",
            # Faust makes the folder though nothing is kept in it.
            datadir=str(Path(tempfile.gettempdir()) / f"{self.core.spec.name}-faust"),
            autodiscover=False,
            web_enabled=False,
            web_tables_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="earliest",
            consumer_group_instance_id=self._worker_id,
            broker_session_timeout=10.0,
            broker_heartbeat_interval=3.0,
            broker_commit_interval=0.5,
            stream_buffer_maxsize=8192,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
        )
        name = self.core.spec.input_topic
        inputs = app.topic(
            name,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            partitions=self.core.partitions_total,
        )

        async def apply(stream: Any) -> None:
            await self._consume(stream)

        app.agent(inputs, name=f"{self.core.spec.name}.apply", concurrency=1)(apply)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.on_rebalance_complete.connect(self._on_assigned)
        return app

    # -- records ---------------------------------------------------------------------------------

    async def _consume(self, stream: Any) -> None:
        async with self._crash_on_error():
            manual = self._stream = stream.noack()
            async for event in manual.events():
                await self._take(event)

    async def _take(self, event: Any) -> None:
        """Apply a record. While a flush waits for the broker, the next group grows beside it."""
        if self.core.pending_records >= self._group_limit:
            epoch = self._epoch
            async with self._lock:
                if self._active and epoch == self._epoch and self.core.pending_records:
                    await self._flush()
            if epoch != self._epoch:
                return  # brought by an assignment that has ended; it will be brought again
        if not self._active:
            return
        message = event.message
        self.core.take(
            Record(
                message.topic,
                message.partition,
                message.offset,
                message.key,
                message.value or b"",
                round(message.timestamp * 1_000),
                dict(message.headers) if message.headers else _NO_HEADERS,
            )
        )
        self._events.append(event)
        self._open.set()

    async def _flush_when_open(self) -> None:
        """Close groups that did not fill up."""
        interval = self._policy.interval_seconds
        async with self._crash_on_error():
            while True:
                await self._open.wait()
                await asyncio.sleep(max(0.0, interval - (time.monotonic() - self._flushed_at)))
                async with self._lock:
                    self._open.clear()
                    if self._active and self.core.pending_records:
                        await self._flush()

    async def _flush(self, *, clean: bool = False) -> None:
        """Wait for outputs and effects, then for the fenced state, then acknowledge in order."""
        started = time.monotonic()
        events, self._events = self._events, []
        group = self.core.close(clean=clean)
        reached = self.core.next_offsets()
        async with asyncio.timeout(_BROKER_SECONDS):
            if group.openings:
                await self._state.write(dict(group.openings))
            if group.outputs:
                await self._outputs.write(group.outputs)
        if group.effects and self._sink is not None:
            await self._sink.write(group.effects)
        async with asyncio.timeout(_BROKER_SECONDS):
            if group.changes:
                await self._state.write(dict(group.changes))
        if group.follow_ups and self._follower is not None:
            self._follower.committed(group.follow_ups)
        for event in events:
            await self._stream.ack(event)
        self._durable = reached
        self._flushed_at = time.monotonic()
        self._observe(group.records, group.events, self._flushed_at - started)

    # -- assignment ------------------------------------------------------------------------------

    async def _on_revoked(self, *_: object, **__: object) -> None:
        async with self._crash_on_error(), self._lock:
            await self._leave()

    async def _leave(self) -> None:
        """Close in order what is owned; the follower ends before another worker goes on."""
        if self._active:
            await self._flush(clean=True)
            await self.app.consumer.commit()
            if self._follower is not None:
                await self._follower.revoked()
        self._forget()

    def _forget(self) -> None:
        self._active = False
        self._epoch += 1
        self._events = []
        # What another worker owns from here on is not this one's lag.
        for partition in self.progress.lag:
            metrics.LANE_LAG_RECORDS.remove(self.core.spec.name, str(partition))
        self.progress.lag.clear()
        self.core.revoke()

    async def _on_assigned(self, *_: object, **__: object) -> None:
        async with self._crash_on_error(), self._lock:
            started = time.monotonic()
            self._forget()
            if self._stopping:
                return  # a rebalance that was under way when the worker was told to stop
            owned = sorted(
                tp.partition
                for tp in self.app.consumer.assignment()
                if tp.topic == self.core.spec.input_topic
            )
            async with asyncio.timeout(_BROKER_SECONDS):
                await self._state.own(owned)
            restored, starts = await asyncio.gather(
                read_state(self._kafka, self.core.spec.state_topic, owned),
                log_starts(self._kafka, self.core.spec.input_topic, owned),
            )
            self.core.assign(restored, starts)
            self._durable = self.core.next_offsets()
            self._group_limit = self._policy.records_per_partition * max(1, len(owned))
            self._active = True
            if self._follower is not None:
                self._follower.assigned(owned)
            self.progress.ready = True
            self.progress.moved_at = time.monotonic()
            keys = sum(len(rows) for rows in restored.values())
            seconds = time.monotonic() - started
            metrics.LANE_RESTORE_SECONDS.labels(lane=self.core.spec.name).set(seconds)
            log.info(
                "lane assigned",
                lane=self.core.spec.name,
                partitions=owned,
                keys=keys,
                seconds=round(seconds, 3),
            )

    # -- life ------------------------------------------------------------------------------------

    async def run(self, stopping: asyncio.Event) -> None:
        """Run until ``stopping`` is set; then flush, mark the watermarks clean and leave.

        A failure on the way out ends the process too: while the exception travelled, the next group
        would be flushed over the one that failed, and Faust's thread would hold the partitions.
        """
        async with self._crash_on_error():
            await self._run(stopping)

    async def _run(self, stopping: asyncio.Event) -> None:
        # A series that begins at its first dead letter would hide it from increase().
        self._count_exceptions()
        await self._outputs.start()
        tasks = [
            asyncio.create_task(work)
            for work in (self._flush_when_open(), self._observe_lag(), self._watch_engine())
        ]
        await self.app.start()
        try:
            await stopping.wait()
        finally:
            async with self._lock:
                self._stopping = True
                await self._leave()
            for task in tasks:
                task.cancel()
            await self.app.stop()
            await self._state.disown()
            await self._outputs.stop()

    async def _watch_engine(self) -> None:
        """End the process when Faust crashes: it would only stop its parts and stand still."""
        async with self._crash_on_error():
            await self.app.wait_first()
            raise EngineError("Faust stopped by itself") from self.app.crash_reason

    def _crash_on_error(self) -> _CrashOnError:
        return _CrashOnError(self.core.spec.name, self._exit)

    # -- what it tells ---------------------------------------------------------------------------

    def _observe(self, records: int, events: int, seconds: float) -> None:
        lane = self.core.spec.name
        self.progress.records += records
        self.progress.events += events
        self.progress.moved_at = time.monotonic()
        metrics.LANE_RECORDS.labels(lane=lane).inc(records)
        metrics.LANE_EVENTS.labels(lane=lane).inc(events)
        metrics.LANE_FLUSH_SECONDS.labels(lane=lane).observe(seconds)
        self._count_exceptions()

    def _count_exceptions(self) -> None:
        """Add what the core dropped or put aside since the last call."""
        lane, told, core = self.core.spec.name, self.progress, self.core
        metrics.LANE_DUPLICATES.labels(lane=lane).inc(core.duplicates - told.duplicates)
        metrics.LANE_DEAD_LETTERS.labels(lane=lane).inc(core.dead_letters - told.dead_letters)
        told.duplicates, told.dead_letters = core.duplicates, core.dead_letters

    async def _observe_lag(self) -> None:
        async with self._crash_on_error():
            while True:
                await asyncio.sleep(1.0)
                if self._active:
                    self._measure_lag()
                stalled = self.stalled_seconds()
                metrics.LANE_STALLED_SECONDS.labels(lane=self.core.spec.name).set(stalled)

    def _measure_lag(self) -> None:
        """Compare what is durable, not what was taken: a group that waits for its sink is lag."""
        lane = self.core.spec.name
        for tp in self.app.consumer.assignment():
            highwater = self.app.consumer.highwater(tp)
            durable = self._durable.get(tp.partition)
            if highwater is None or durable is None:
                continue
            lag = max(0, highwater - durable)
            self.progress.lag[tp.partition] = lag
            metrics.LANE_LAG_RECORDS.labels(lane=lane, partition=str(tp.partition)).set(lag)
        if not any(self.progress.lag.values()):
            self.progress.moved_at = time.monotonic()

    def stalled_seconds(self) -> float:
        """Return for how long nothing was committed although something waits."""
        return time.monotonic() - self.progress.moved_at if self.progress.ready else 0.0


class _CrashOnError:
    """Ends the process on any exception. A half-done flush must not be followed by another."""

    def __init__(self, lane: str, exit_process: Exit) -> None:
        self._lane = lane
        self._exit = exit_process

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            log.critical("lane failed", lane=self._lane, exc_info=error)
            self._exit(EXIT_FAILED)
