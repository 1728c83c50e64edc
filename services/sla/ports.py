"""What sla needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.sla.domain.clock import Clock
from services.sla.domain.policies import PolicyBook


class PolicySource(Protocol):
    def load(self) -> PolicyBook:
        """Return the policies in force; the book's version is part of the decision version.

        DataError names the place of a mistake.
        """
        ...


class ClockReader(Protocol):
    """Reads the clocks of the partitions that this worker owns."""

    def of_conversation(self, conversation_id: str) -> Sequence[Clock] | None:
        """Return a conversation's clocks as they stand; None when it is not known here."""
        ...

    def at_risk(self, timeline: str, limit: int) -> Sequence[tuple[str, Clock]]:
        """Return conversation and clock of what runs and is due soonest, the earliest first."""
        ...

    def owned_partitions(self) -> Sequence[int]: ...
