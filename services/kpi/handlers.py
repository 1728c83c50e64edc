"""KPI's use case: fold what the lanes before recorded into cells."""

from __future__ import annotations

from dataclasses import dataclass, field

from careline.event.v1.event_pb2 import Event
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import PartitionState
from services.kernel.lane.timers import Timers
from services.kpi.domain.fold import Fold
from services.kpi.facts import facts_of
from services.kpi.tables import CELLS, RUNS, RunEnd


@dataclass(slots=True)
class _Partition:
    fold: Fold
    timers: Timers
    # The timelines that showed a time since the last close; the values mean nothing.
    timelines: dict[str, None] = field(default_factory=dict)


class FoldFacts(Stage):
    """Gathers a flush group's facts per partition and writes the changed cells at its close.

    Nothing goes out but the state itself: the cells' topic is the lane's changelog, so that a
    worker that was thought dead cannot write an older cell over a newer one.
    """

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._partitions: dict[int, _Partition] = {}

    def on_event(self, event: Event, turn: Turn) -> None:
        counted = facts_of(event)
        own = self._partitions.get(turn.partition)
        if own is None:
            own = self._restore(turn)
        for scope, facts in counted:
            own.fold.add(scope, facts)
        if not counted and event.HasField("timeline_ended"):
            _note_run(event, turn)
        own.timelines[event.timeline] = None

    def on_close(self, partition: int, state: PartitionState) -> None:
        own = self._partitions.get(partition)
        if own is None:
            return
        for timeline in own.timelines:
            own.fold.advance(timeline, own.timers.watermark_us(timeline))
        own.timelines.clear()
        cells = state.table(CELLS)
        for key, value in own.fold.close():
            if value is None:
                cells.delete(key)
            else:
                cells.put(key, value)

    def on_revoke(self) -> None:
        self._partitions.clear()

    def _restore(self, turn: Turn) -> _Partition:
        own = _Partition(Fold(self._generation, turn.partition), turn.timers)
        own.fold.restore(turn.table(CELLS).items())
        self._partitions[turn.partition] = own
        return own


def _note_run(event: Event, turn: Turn) -> None:
    ended = event.timeline_ended
    if not ended.run_id:
        raise InvalidEventError(
            "the end of a timeline names no run: whoever replays must give each run an id"
        )
    turn.table(RUNS).put(ended.run_id, RunEnd(ended.accepted, ended.duplicates))
