"""Runs a lane's core without a broker: feed records, flush, crash, look at what came out.

It keeps the engine's promises: a flush makes outputs, then state, then acknowledgements durable;
``crash`` loses whatever came after the last of these, and the unacknowledged inputs come again.
It does not emulate rebalances between several workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum

from careline.event.v1.event_pb2 import Event, EventBatch
from services.kernel.lane.core import LaneCore
from services.kernel.lane.records import Change, Output, Record
from services.kernel.lane.stage import LaneSpec, Stage


class Instant(Enum):
    """The instants within a flush at which a process can die."""

    BEFORE_OUTPUTS = "before outputs"
    BEFORE_STATE = "outputs written, state not"
    BEFORE_ACKS = "state written, inputs not acknowledged"


class LaneHarness:
    def __init__(
        self, spec: LaneSpec, make_stage: Callable[[], Stage], partitions: Iterable[int] = (0,)
    ) -> None:
        self._spec = spec
        self._make_stage = make_stage
        self.partitions = tuple(partitions)
        self.inputs: dict[int, list[Record]] = {p: [] for p in self.partitions}
        self.changelog: dict[int, dict[bytes, bytes]] = {p: {} for p in self.partitions}
        self.committed: dict[int, int] = dict.fromkeys(self.partitions, 0)
        self.outputs: list[Output] = []
        self.effects: list[object] = []
        # What the follower was told, the groups' one after the other.
        self.follow_ups: list[object] = []
        self.core: LaneCore
        self.stage: Stage
        self.start()

    def start(self) -> None:
        """Start a worker: restore the state, then apply again what was never acknowledged."""
        self.stage = self._make_stage()
        self.core = LaneCore(self._spec, self.stage)
        self.core.assign({p: list(self.changelog[p].items()) for p in self.partitions})
        for partition in self.partitions:
            for record in self.inputs[partition][self.committed[partition] :]:
                self.core.take(record)

    def feed(
        self,
        *events: Event,
        partition: int = 0,
        headers: dict[str, bytes] | None = None,
        value: bytes | None = None,
        timestamp_ms: int = 1_700_000_000_000,
    ) -> None:
        """Append one record that holds these events (or these raw bytes) and let it be taken."""
        log = self.inputs[partition]
        record = Record(
            topic=self._spec.input_topic,
            partition=partition,
            offset=len(log),
            key=None,
            value=EventBatch(events=events).SerializeToString() if value is None else value,
            timestamp_ms=timestamp_ms,
            headers=headers or {},
        )
        log.append(record)
        self.core.take(record)

    def flush(self, *, dying: Instant | None = None) -> None:
        """Close the open group and make it durable, or die at an instant and start again."""
        group = self.core.close()
        if dying is Instant.BEFORE_OUTPUTS:
            return self.start()
        self._store(group.openings)
        self.outputs.extend(group.outputs)
        self.effects.extend(group.effects)
        if dying is Instant.BEFORE_STATE:
            return self.start()
        self._store(group.changes)
        if dying is Instant.BEFORE_ACKS:
            return self.start()
        self.follow_ups.extend(group.follow_ups)
        for partition in self.partitions:
            self.committed[partition] = len(self.inputs[partition])
        return None

    def _store(self, changes: Mapping[int, Sequence[Change]]) -> None:
        for partition, rows in changes.items():
            for key, value in rows:
                if value is None:
                    self.changelog[partition].pop(key, None)
                else:
                    self.changelog[partition][key] = value

    def events(self, topic: str | None = None) -> list[Event]:
        """Return the events written to a topic (the lane's own output by default), in order."""
        wanted = topic or self._spec.output_topic
        return [event for output in self.written(wanted) for event in events_of(output)]

    def written(self, topic: str | None) -> Sequence[Output]:
        return [output for output in self.outputs if output.topic == topic]


def events_of(output: Output) -> list[Event]:
    return list(EventBatch.FromString(output.value).events)
