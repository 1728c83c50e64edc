"""Feeds records to the head in the order of their time, at a speed, and moves the time along."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from careline.event.v1.event_pb2 import Event
from services.gateway.importing.recorded_events import RecordedEvents
from services.gateway.replay.pacing import Pacer
from services.gateway.replay.records import ReplayRecord
from services.kernel.partitioning import partition_of

_MAX_EVENTS = 200
_MAX_BYTES = 512 * 1024
_CHUNK_EVENTS = 500
# What is due within this is sent at once; longer waits are cut so that time moves meanwhile.
_SHORT_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0


class ReplayLog(Protocol):
    """The head, written to in order."""

    def append(self, partition: int, events: Sequence[Event]) -> None:
        """Hand over one batch; it may be acknowledged later."""
        ...

    def flush(self) -> None:
        """Return once everything is acknowledged."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How the recording's time passes in ours. A test brings its own clock."""

    speed: float
    longest_wait_seconds: float
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Batch:
    events: list[Event] = field(default_factory=list)
    bytes: int = 0


class Feeder:
    """Feeds one run. ``published`` is told how many records went out so far."""

    def __init__(
        self,
        replay_log: ReplayLog,
        events: RecordedEvents,
        partitions: int,
        pace: Pace,
        published: Callable[[int], None],
    ) -> None:
        self._log = replay_log
        self._events = events
        self._batches = [_Batch() for _ in range(partitions)]
        self._pace = pace
        self._pacer = Pacer(pace.speed, pace.longest_wait_seconds)
        self._published = published
        self._records = 0
        self._chunk = 0
        self._now_us = 0
        self._ticked_at_us = 0

    def feed(self, records: Iterable[ReplayRecord], first_at_us: int, last_at_us: int) -> None:
        """Feed everything between the run's first and last word; return when it is acknowledged."""
        self._now_us = self._ticked_at_us = first_at_us
        for partition in range(len(self._batches)):
            self._add(partition, self._events.started(partition, first_at_us))
        self._send_all()
        for record in records:
            self._wait_for(record.occurred_at_us)
            event = self._events.of_record(record)
            self._now_us = record.occurred_at_us
            self._add(partition_of(event.thread_key, len(self._batches)), event)
            self._records += 1
            self._chunk += 1
            if self._chunk >= _CHUNK_EVENTS:
                self._close_chunk()
        self._close_chunk()
        for partition in range(len(self._batches)):
            self._add(partition, self._events.ended(partition, last_at_us))
        self._send_all()
        self._log.flush()

    def _wait_for(self, at_us: int) -> None:
        while True:
            now = self._pace.monotonic()
            rest = self._pacer.due_at(at_us, now) - now
            if rest <= _SHORT_SECONDS:
                return
            # The time that has passed in the recording; of a shortened gap only the end is
            # waited for.
            self._now_us = max(self._now_us, at_us - round(rest * self._pace.speed * 1_000_000))
            self._close_chunk()
            self._pace.pause(min(rest, _LONGEST_PAUSE_SECONDS))

    def _close_chunk(self) -> None:
        """Send what is gathered and tell every partition, the quiet ones too, what time it is."""
        if self._now_us > self._ticked_at_us:
            for partition in range(len(self._batches)):
                self._add(partition, self._events.tick(partition, self._now_us))
            self._ticked_at_us = self._now_us
        self._send_all()
        self._chunk = 0
        self._published(self._records)

    def _add(self, partition: int, event: Event) -> None:
        size = event.ByteSize()
        batch = self._batches[partition]
        if batch.events and (len(batch.events) >= _MAX_EVENTS or batch.bytes + size > _MAX_BYTES):
            self._send(partition)
            batch = self._batches[partition]
        batch.events.append(event)
        batch.bytes += size

    def _send_all(self) -> None:
        for partition, batch in enumerate(self._batches):
            if batch.events:
                self._send(partition)

    def _send(self, partition: int) -> None:
        batch, self._batches[partition] = self._batches[partition], _Batch()
        self._log.append(partition, batch.events)
