"""What a service gives to a lane: a stage, and what the lane gives it: a turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from careline.event.v1.event_pb2 import Event
from services.kernel.lane.state import PartitionState, Table, TableSpec
from services.kernel.lane.timers import Timer, Timers

V = TypeVar("V")


class InvalidEventError(ValueError):
    """This one event cannot be understood. It goes to the dead letters with this reason.

    Raise it before the first change of state: what was changed stays changed. Anything else that
    a stage raises is a bug or broken infrastructure and stops the process.
    """


@dataclass(slots=True)
class SideEvent:
    """An event for another topic than the lane's own output."""

    topic: str
    partition: int
    event: Event


@dataclass(slots=True)
class Turn:
    """One input record's turn: what a stage may read, change and write while it is applied.

    ``log_time_us`` is the record's own timestamp: part of the log, hence the same on replay.
    """

    partition: int
    offset: int
    log_time_us: int
    state: PartitionState
    timers: Timers
    emitted: list[Event] = field(default_factory=list)
    sent: list[SideEvent] = field(default_factory=list)
    effects: list[object] = field(default_factory=list)
    follow_ups: list[object] = field(default_factory=list)

    def table(self, spec: TableSpec[V]) -> Table[V]:
        return self.state.table(spec)

    def emit(self, event: Event) -> None:
        """Write an event to the lane's output topic, same partition, in order."""
        self.emitted.append(event)

    def send(self, topic: str, partition: int, event: Event) -> None:
        """Write an event to another topic; it will carry its source by itself."""
        self.sent.append(SideEvent(topic, partition, event))

    def effect(self, effect: object) -> None:
        """Hand something to the lane's sink; it is done before the group is acknowledged."""
        self.effects.append(effect)

    def follow_up(self, follow_up: object) -> None:
        """Hand something to the lane's follower; it hears of it once the turn is durable."""
        self.follow_ups.append(follow_up)

    def set_timer(self, timer_id: str, timeline: str, due_at_us: int) -> None:
        self.timers.set(Timer(timer_id, timeline, due_at_us))

    def cancel_timer(self, timer_id: str) -> None:
        self.timers.cancel(timer_id)


class Stage(ABC):
    """A service's decisions. They depend on the lane's log only: no clock, no chance, no calls."""

    @abstractmethod
    def on_event(self, event: Event, turn: Turn) -> None:
        """Apply one event. Nothing is forwarded by itself: ``turn.emit`` what should go on."""

    def on_timer(self, timer: Timer, turn: Turn) -> None:
        """Apply a timer that is due; the time is ``timer.due_at_us``."""
        raise NotImplementedError(f"{type(self).__name__} sets no timers, but {timer} fired")

    def on_close(self, partition: int, state: PartitionState) -> None:
        """Write what the stage gathered for this partition since the last close into its state."""

    def on_revoke(self) -> None:
        """Drop what was gathered since the last close: the open group will be applied again."""


class Sink(Protocol):
    """Where a lane's effects go (Elasticsearch, for example)."""

    async def write(self, effects: Sequence[object]) -> None:
        """Make all effects durable. May run again with the same effects after a crash: idempotent.

        Infrastructure trouble: retry inside, for as long as it takes; the lane waits.
        """
        ...


class Follower(Protocol):
    """Acts on what the lane has decided, and only once that is durable: calls the outside world.

    A follow-up comes at most once: a crash loses those that were not heard. What must not be lost
    stands in the lane's state, where ``assigned`` finds it.
    """

    def assigned(self, partitions: Sequence[int]) -> None:
        """Begin anew: the lane owns exactly these, and its tables hold what was durable.

        It may come without ``revoked`` before it, when the assignment only changed.
        """
        ...

    def committed(self, follow_ups: Sequence[object]) -> None:
        """Hear what one flush group left, in the order of the log. Must not wait."""
        ...

    async def revoked(self) -> None:
        """Come to an end. The lane stands still meanwhile.

        What is written to the log until this returns comes before all that the next owner writes.
        """
        ...


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane's fixed facts. ``name`` is also its consumer group and its transactions' prefix."""

    name: str
    input_topic: str
    state_topic: str
    # Names the code and rules that decide; see docs/adr/0004.
    decision_version: str
    output_topic: str | None = None
    tables: tuple[TableSpec[Any], ...] = ()
    # Consecutive bad events of one partition after which the lane stops instead of draining.
    dead_letter_limit: int = 100
