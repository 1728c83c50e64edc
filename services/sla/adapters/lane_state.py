"""Reads clocks from the lane's own state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.kernel.lane.core import LaneCore
from services.kernel.lane.timers import TIMERS
from services.sla.domain.clock import Clock
from services.sla.handlers import RunClocks
from services.sla.owned import OwnedPartition
from services.sla.tables import CONVERSATIONS, POLICIES


class LaneClocks:
    """Satisfies :class:`services.sla.ports.ClockReader`.

    It shows what is applied; the last flush group may not be durable yet.
    """

    def __init__(self, core: LaneCore, stage: RunClocks) -> None:
        self._core = core
        self._stage = stage

    def of_conversation(self, conversation_id: str) -> Sequence[Clock] | None:
        found = (owned.clocks_of(conversation_id) for owned in self._partitions())
        return next((clocks for clocks in found if clocks is not None), None)

    def at_risk(self, timeline: str, limit: int) -> Sequence[tuple[str, Clock]]:
        found = [one for owned in self._partitions() for one in owned.at_risk(timeline, limit)]
        found.sort(key=lambda one: (one[0], one[1], one[2].name))
        return [(conversation_id, clock) for _, conversation_id, clock in found[:limit]]

    def owned_partitions(self) -> Sequence[int]:
        return self._core.partitions

    def _partitions(self) -> Iterator[OwnedPartition]:
        tables = zip(
            self._core.partitions,
            self._core.tables(CONVERSATIONS),
            self._core.tables(TIMERS),
            self._core.tables(POLICIES),
            strict=True,
        )
        for number, conversations, timers, policies in tables:
            yield self._stage.owned(number, conversations, timers, policies)
