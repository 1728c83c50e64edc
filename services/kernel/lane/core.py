"""The lane's core: records in, flush groups out. It knows no engine, no broker and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from google.protobuf.message import DecodeError

from careline.event.v1.event_pb2 import Event, EventBatch
from services.kernel.lane.dead_letters import DeadLetterLimit, dead_letter
from services.kernel.lane.outputs import SideOutputs, main_outputs
from services.kernel.lane.progress import (
    SOURCES,
    WATERMARK,
    WATERMARK_KEY,
    Sources,
    Watermark,
    check_decision_version,
)
from services.kernel.lane.records import (
    LANE_HEADER,
    SOURCE_HEADER,
    Change,
    FlushGroup,
    Output,
    Record,
    Source,
)
from services.kernel.lane.stage import InvalidEventError, LaneSpec, Stage, Turn
from services.kernel.lane.state import PartitionState, Table, TableSpec
from services.kernel.lane.timers import TIMELINES, TIMERS, Timers
from services.kernel.topics import topic

V = TypeVar("V")


class OffsetGapError(RuntimeError):
    """Input records are missing between two that arrived, or were dropped by retention."""


@dataclass(frozen=True, slots=True)
class _Input:
    """A record in the lane's hands, and the source that everything made of it carries."""

    record: Record
    source: Source


class _Partition:
    """One owned partition: its state, its progress and the changes of the open group."""

    def __init__(
        self, spec: LaneSpec, partition: int, restored: Iterable[Change], log_start: int
    ) -> None:
        self.number = partition
        self.state = PartitionState((WATERMARK, SOURCES, TIMERS, TIMELINES, *spec.tables))
        for key, value in restored:
            if value is not None:
                self.state.restore(key, value)
        self.watermarks = self.state.table(WATERMARK)
        self.timers = Timers(self.state.table(TIMERS), self.state.table(TIMELINES))
        self.timers.rebuild()
        self.sources = Sources(self.state.table(SOURCES))
        known = self.watermarks.get(WATERMARK_KEY)
        self.known = known
        self.applied_offset = -1 if known is None else known.offset
        same_version = known is not None and known.decision_version == spec.decision_version
        self.limit = DeadLetterLimit(
            spec.name,
            partition,
            spec.dead_letter_limit,
            known.consecutive_dead_letters if known is not None and same_version else 0,
        )
        # Where a new lane begins, and where one with state must go on.
        self.next_offset = log_start if known is None else known.offset + 1
        # To be stored before the first output, unless what is stored says the same already.
        self.opening: Watermark | None = None
        if known is None or known.clean or not same_version:
            self.opening = Watermark(
                self.next_offset - 1, spec.decision_version, False, self.limit.consecutive
            )
        self.last_seen_offset: int | None = None
        self.touched = False

    def check_contiguous(self, spec: LaneSpec, offset: int) -> None:
        previous = self.last_seen_offset
        if previous is not None and offset != previous + 1:
            raise OffsetGapError(
                f"lane {spec.name}: {spec.input_topic}/{self.number} went from offset {previous} "
                f"to {offset}; the records between were not delivered"
            )
        if previous is None and offset > self.next_offset:
            raise OffsetGapError(
                f"lane {spec.name}: {spec.input_topic}/{self.number} starts at offset {offset}, "
                f"but the state goes on at {self.next_offset}: either retention removed the "
                "records between, or the state topic lost records. Restore them, or rebuild the "
                "lane as a new generation"
            )
        self.last_seen_offset = offset


class LaneCore:
    """Applies records to in-memory state and closes flush groups.

    The engine keeps this order: ``take`` records as they come; ``close`` the group; write its
    outputs and effects and wait for them; write each partition's changes in one transaction; only
    then acknowledge the inputs. After a failure anywhere it stops the process, and ``assign`` on
    restart brings back the state as of the last transaction.
    """

    def __init__(
        self, spec: LaneSpec, stage: Stage, *, accept_decision_version: bool = False
    ) -> None:
        self.spec = spec
        self._stage = stage
        self._accept_decision_version = accept_decision_version
        self._input = topic(spec.input_topic)
        self._partitions: dict[int, _Partition] = {}
        self._outputs: list[Output] = []
        self._effects: list[object] = []
        self._follow_ups: list[object] = []
        self._side = SideOutputs()
        self._records = 0
        self._events = 0
        self.dead_letters = 0
        self.duplicates = 0

    @property
    def pending_records(self) -> int:
        """Records taken since the last close."""
        return self._records

    @property
    def partitions_total(self) -> int:
        """How many partitions the input topic has, owned or not."""
        return self._input.partitions

    @property
    def partitions(self) -> list[int]:
        return sorted(self._partitions)

    def assign(
        self, restored: Mapping[int, Iterable[Change]], log_starts: Mapping[int, int] | None = None
    ) -> None:
        """Own exactly these partitions, each with its state as read from the changelog.

        ``log_starts`` are the first offsets that the input still has; 0 where none is given.
        """
        self.revoke()
        for number in sorted(restored):
            partition = _Partition(
                self.spec, number, restored[number], (log_starts or {}).get(number, 0)
            )
            check_decision_version(
                self.spec.name,
                number,
                partition.known,
                self.spec.decision_version,
                accept=self._accept_decision_version,
            )
            self._partitions[number] = partition

    def revoke(self) -> None:
        """Forget everything: the open group is dropped, its inputs were never acknowledged."""
        self._partitions = {}
        self._stage.on_revoke()
        self._outputs, self._effects, self._side = [], [], SideOutputs()
        self._follow_ups = []
        self._records = self._events = 0

    def take(self, record: Record) -> None:
        """Apply one record. Never waits."""
        partition = self._partitions[record.partition]
        partition.check_contiguous(self.spec, record.offset)
        self._records += 1
        if record.offset <= partition.applied_offset:
            return
        partition.applied_offset = record.offset
        partition.touched = True
        if record.headers and self._is_for_another_lane(record):
            return
        carried = record.headers.get(SOURCE_HEADER)
        if carried is not None and not partition.sources.take(Source.decode(carried)):
            self.duplicates += 1
            return
        self._apply(partition, record)

    def _is_for_another_lane(self, record: Record) -> bool:
        """Tell whether this is a dead letter that another reader of the topic gets back."""
        addressee = record.headers.get(LANE_HEADER)
        return addressee is not None and addressee != self.spec.name.encode()

    def _apply(self, partition: _Partition, record: Record) -> None:
        taken = _Input(
            record,
            Source(self._input.name, self._input.generation, record.partition, record.offset),
        )
        try:
            batch = EventBatch.FromString(record.value)
        except DecodeError:
            self._bury(partition, taken, 0, record.value, "the record is not an EventBatch")
            return
        turn = Turn(
            partition.number,
            record.offset,
            record.timestamp_ms * 1_000,
            partition.state,
            partition.timers,
        )
        for index, event in enumerate(batch.events):
            try:
                self._apply_event(partition, event, turn)
            except InvalidEventError as error:
                one = EventBatch(events=[event]).SerializeToString()
                self._bury(partition, taken, index, one, str(error))
            else:
                # A tick comes every second and is understood by everyone: it proves nothing.
                if partition.limit.consecutive and not event.HasField("tick"):
                    partition.limit.succeeded()
        self._events += len(batch.events)
        self._collect(taken, turn)

    def _apply_event(self, partition: _Partition, event: Event, turn: Turn) -> None:
        if not event.timeline or event.occurred_at_us <= 0:
            raise InvalidEventError("the event has no timeline or no time")
        if event.HasField("source"):
            position = _position(event)
            event.ClearField("source")
            if not partition.sources.take(position):
                self.duplicates += 1
                return
        for timer in partition.timers.advance(event.timeline, event.occurred_at_us):
            self._stage.on_timer(timer, turn)
        self._stage.on_event(event, turn)

    def _collect(self, taken: _Input, turn: Turn) -> None:
        if turn.emitted:
            if self.spec.output_topic is None:
                raise TypeError(f"lane {self.spec.name} emits, but declares no output topic")
            self._outputs.extend(
                main_outputs(self.spec.output_topic, taken.record, turn.emitted, taken.source)
            )
        if turn.sent:
            self._side.add(taken.record, turn.sent, taken.source)
        self._effects.extend(turn.effects)
        if turn.follow_ups:
            self._follow_ups.extend(turn.follow_ups)

    def _bury(
        self, partition: _Partition, taken: _Input, part: int, value: bytes, reason: str
    ) -> None:
        if self._input.dead_letter is None:
            raise InvalidEventError(f"{self._input.name} has no dead-letter topic; {reason}")
        self.dead_letters += 1
        partition.limit.failed(reason)
        self._outputs.append(
            dead_letter(
                taken.record,
                topic=self._input.dead_letter,
                lane=self.spec.name,
                source=replace(taken.source, part=part),
                value=value,
                reason=reason,
            )
        )

    def close(self, *, clean: bool = False) -> FlushGroup:
        """Close the open group. Serialises here, before the engine's first wait.

        ``clean`` marks the watermarks of all partitions: the worker stops in order.
        """
        changes: dict[int, list[Change]] = {}
        openings: dict[int, list[Change]] = {}
        for number, partition in self._partitions.items():
            if not partition.touched and not (clean and partition.known is not None):
                continue
            if partition.touched and partition.opening is not None:
                partition.watermarks.put(WATERMARK_KEY, partition.opening)
                openings[number] = list(partition.watermarks.take_changes())
                partition.opening = None
            partition.touched = False
            partition.known = Watermark(
                partition.applied_offset,
                self.spec.decision_version,
                clean,
                partition.limit.consecutive,
            )
            self._stage.on_close(number, partition.state)
            partition.timers.store_watermarks()
            changed = partition.state.take_changes()
            partition.watermarks.put(WATERMARK_KEY, partition.known)
            changes[number] = [*changed, *partition.watermarks.take_changes()]
        group = FlushGroup(
            outputs=[*self._outputs, *self._side.drain()],
            effects=self._effects,
            changes=changes,
            records=self._records,
            events=self._events,
            openings=openings,
            follow_ups=self._follow_ups,
        )
        self._outputs, self._effects, self._follow_ups = [], [], []
        self._records = self._events = 0
        return group

    def tables(self, spec: TableSpec[V]) -> list[Table[V]]:
        """Return the owned partitions' parts of a table, for reads."""
        return [self._partitions[number].state.table(spec) for number in sorted(self._partitions)]

    def find(self, spec: TableSpec[V], key: str) -> V | None:
        """Return a key's value from whichever owned partition holds it."""
        for table in self.tables(spec):
            value = table.get(key)
            if value is not None:
                return value
        return None

    def watermark_us(self, timeline: str) -> int:
        """Return the lowest watermark of a timeline over the owned partitions; 0 before any."""
        marks = [p.timers.watermark_us(timeline) for p in self._partitions.values()]
        return min(marks, default=0)

    def next_offsets(self) -> dict[int, int]:
        """Return the input offset that each owned partition goes on at."""
        return {
            number: max(p.next_offset, p.applied_offset + 1)
            for number, p in self._partitions.items()
        }


def _position(event: Event) -> Source:
    carried = event.source
    return Source(
        carried.topic, carried.generation, carried.partition, carried.offset, carried.part
    )
