"""Applying the log once more, to a lane that writes nothing: what the index should hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from services.indexer.domain.conversations import ConversationState
from services.indexer.handlers import CONVERSATIONS
from services.indexer.ports import EventLog, LaneSnapshot
from services.indexer.streams import build_lane


class Progress(NamedTuple):
    """How far a long command has come; ``total`` None where nobody can tell."""

    phase: str
    done: int
    total: int | None = None


Report = Callable[[Progress], None]


class Replay:
    """The indexer's own lane over the log, from an empty state: the same dedupe and decisions."""

    def __init__(self, log: EventLog, begins: Mapping[int, int]) -> None:
        self._log = log
        self._begins = dict(begins)
        self._core = build_lane()
        self._core.assign({partition: [] for partition in begins}, dict(begins))
        # The next offset to read, by partition.
        self.at = dict(begins)

    async def advance(
        self, ends: Mapping[int, int], phase: str, report: Report
    ) -> AsyncIterator[Sequence[object]]:
        """Apply the log up to, not including, ``ends``; yield the effects as they come."""
        total = self.remaining(ends)
        done = 0
        async for records in self._log.read(self.at, ends):
            for record in records:
                self._core.take(record)
                self.at[record.partition] = record.offset + 1
            yield self._core.close().effects
            done += len(records)
            report(Progress(phase, done, total))

    def remaining(self, ends: Mapping[int, int]) -> int:
        return sum(max(0, end - self.at[partition]) for partition, end in ends.items())

    def adopt(self, snapshot: LaneSnapshot) -> None:
        """Take over what began before the log does: of that, only the lane's own state tells."""
        if not any(self._begins.values()):
            return
        tables = dict(zip(self._core.partitions, self._core.tables(CONVERSATIONS), strict=True))
        for state in snapshot.conversations():
            if state.first.offset < self._begins[state.first.partition]:
                tables[state.first.partition].put(state.conversation_id, state)

    def conversations(self) -> Iterator[ConversationState]:
        for table in self._core.tables(CONVERSATIONS):
            yield from dict(table.items()).values()
