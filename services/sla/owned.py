"""What the lane holds of one partition while it owns it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappush, heapreplace
from typing import Self

from services.kernel.lane.state import Table
from services.kernel.lane.timers import Timer
from services.sla.domain.clock import Clock
from services.sla.domain.clocks import standing_of
from services.sla.domain.policies import CLOCKS, PolicyBook
from services.sla.domain.policy_data import policy_from_definition
from services.sla.tables import ClockedConversation
from services.sla.wakes import Wakes


@dataclass(slots=True)
class OwnedPartition:
    """The partition's tables, and what is made of them when they are first asked for."""

    conversations: Table[ClockedConversation]
    timers: Table[Timer]
    policies: Table[str]
    # The policies in force, with those that the partition's conversations began with.
    book: PolicyBook
    wakes: Wakes
    _policies_kept: bool = False

    @classmethod
    def of(
        cls,
        conversations: Table[ClockedConversation],
        timers: Table[Timer],
        policies: Table[str],
        in_force: PolicyBook,
    ) -> Self:
        """Return a partition as restored.

        A policy in force that has other content than its version had here is a ValueError.
        """
        kept = tuple(policy_from_definition(text) for _, text in policies.items())
        book = PolicyBook(kept).succeeded_by(in_force)
        wakes = Wakes.of(timer for _, timer in timers.items())
        return cls(conversations, timers, policies, book, wakes)

    def keep_policies(self) -> None:
        """Write down the policies in force: a conversation is about to begin under one."""
        if self._policies_kept:
            return
        self._policies_kept = True
        for policy in self.book.in_force:
            key = "/".join(policy.ref)
            if key not in self.policies:
                self.policies.put(key, policy.definition)

    def clocks_of(self, conversation_id: str) -> list[Clock] | None:
        """Return a conversation's clocks; None when it is not known here."""
        known = self.conversations.get(conversation_id)
        if known is None:
            return None
        clocks = standing_of(known.clocks, self.book).clocks
        return [clocks[name] for name in CLOCKS if name in clocks]

    def at_risk(self, timeline: str, limit: int) -> list[tuple[int, str, Clock]]:
        """Return due time, conversation and clock of what is due soonest and not yet breached.

        Looks into the conversations that wake before the last of these is due, no others.
        """
        latest: list[tuple[int, str, str]] = []
        clocks: dict[tuple[str, str], Clock] = {}
        for wakes_at_us, conversation_id in self.wakes.soonest(timeline):
            if len(latest) == limit and wakes_at_us > -latest[0][0]:
                break
            for due_at_us, clock in self._ahead(conversation_id):
                entry = (-due_at_us, conversation_id, clock.name)
                clocks[conversation_id, clock.name] = clock
                if len(latest) < limit:
                    heappush(latest, entry)
                elif entry > latest[0]:
                    heapreplace(latest, entry)
        found = [(-due, one, clocks[one, name]) for due, one, name in latest]
        return sorted(found, key=lambda one: (one[0], one[1], one[2].name))

    def _ahead(self, conversation_id: str) -> Iterator[tuple[int, Clock]]:
        for clock in self.clocks_of(conversation_id) or ():
            if clock.due_at_us is not None and clock.breached_at_us is None:
                yield clock.due_at_us, clock
