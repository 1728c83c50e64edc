"""Measures of a case's conversation that no single clock tells.

The gap between an agent's messages (periodic update; pausable update leaves pauses out), the time
in states (requester wait, agent work), and both resolutions from the creation.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final

from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.conformance_spans import duration_us, in_units
from services.sla.domain.conformance_words import PAUSING, Meaning, status_of
from services.sla.domain.zones import instant_text

_PENDING: Final = frozenset({"pending", "waiting", "replied", "snoozed"})
_ON_HOLD: Final = frozenset({"on_hold", "hold"})
_REPLIES: Final[tuple[Meaning, ...]] = ("agent answered", "created by an agent")
_RESOLVED: Final = ("solved", "closed")


@dataclass(slots=True)
class Contacts:
    """Remembers who wrote when, and which state held from when on."""

    calendar: BusinessCalendar
    pausing: frozenset[str]
    created_at_us: int | None = None
    replies: list[int] = field(default_factory=list)
    states: list[tuple[int, str]] = field(default_factory=list)
    solved: list[int] = field(default_factory=list)

    def take(self, meaning: Meaning, state: str, at_us: int) -> None:
        if meaning in {"nothing", "priority", "promise ended"}:
            return
        if self.created_at_us is None:
            self.created_at_us = at_us
            self.states.append((at_us, "new"))
        if meaning in _REPLIES:
            insort(self.replies, at_us)
        if meaning == "reopened":
            self._enter("open", at_us)
        elif state:
            self._enter(state, at_us)

    def _enter(self, state: str, at_us: int) -> None:
        was = status_of(self.states[-1][1], frozenset(), ends=True)
        self.states.append((at_us, state))
        self.states.sort(key=itemgetter(0))
        becomes = status_of(state, frozenset(), ends=True)
        if becomes in _RESOLVED and was not in _RESOLVED:
            self.solved.append(at_us)

    def figures(self, now_us: int, policy: Mapping[str, Any], resolved: bool) -> dict[str, Any]:
        spent = {
            "requester_wait": self._in_state(now_us, self._waits_for_us),
            "agent_work": self._in_state(now_us, self._is_worked_on),
            "agent_wait": self._in_state(now_us, _PENDING.__contains__),
            "on_hold": self._in_state(now_us, _ON_HOLD.__contains__),
            "paused": self._in_state(now_us, self._pauses),
            "periodic_update": max(self._gaps(pausable=False), default=None),
            "pausable_update": max(self._gaps(pausable=True), default=None),
            "first_resolution": self._since_creation(self.solved[:1]),
            "full_resolution": self._since_creation(self.solved[-1:]),
        }
        figures: dict[str, Any] = {}
        for name, one in spent.items():
            figures |= in_units(name, one) | in_units(f"{name}_elapsed", one)
        for name, pausable in (("periodic_update", False), ("pausable_update", True)):
            target_us = None if resolved else duration_us(policy, name)
            figures[f"{name}_due_at"] = self._due(target_us, pausable=pausable)
        return figures

    def _waits_for_us(self, state: str) -> bool:
        return state not in _PENDING and not _is_resolved(state)

    def _is_worked_on(self, state: str) -> bool:
        return self._waits_for_us(state) and state not in _ON_HOLD

    def _in_state(self, now_us: int, holds: Callable[[str], bool]) -> int:
        return sum(
            self.calendar.elapsed_us(from_us, to_us)
            for from_us, to_us, state in self._spans(now_us)
            if holds(state)
        )

    def _spans(self, now_us: int) -> list[tuple[int, int, str]]:
        starts = [from_us for from_us, _ in self.states[1:]]
        ends = [*starts, max(now_us, *starts)] if starts else [now_us]
        return [
            (from_us, max(from_us, to_us), state)
            for (from_us, state), to_us in zip(self.states, ends, strict=False)
        ]

    def _gaps(self, *, pausable: bool) -> list[int]:
        gaps = []
        for earlier, later in pairwise(self.replies):
            gap = self.calendar.elapsed_us(earlier, later)
            if pausable:
                gap -= sum(
                    self.calendar.elapsed_us(max(begin, earlier), min(end, later))
                    for begin, end, state in self._spans(later)
                    if self._pauses(state) and max(begin, earlier) < min(end, later)
                )
            gaps.append(gap)
        return gaps

    def _pauses(self, state: str) -> bool:
        """Tell whether a state pauses; where the policy names none, pending does."""
        if self.pausing:
            return status_of(state, self.pausing, ends=False) == PAUSING
        return state in _PENDING or state == "paused"

    def _since_creation(self, solved: Sequence[int]) -> int | None:
        if self.created_at_us is None or not solved:
            return None
        return self.calendar.elapsed_us(self.created_at_us, solved[0])

    def _due(self, target_us: int | None, *, pausable: bool) -> str | None:
        """Return when the next update is due; a pausable one not while it stands still."""
        if target_us is None or self.created_at_us is None:
            return None
        at_us = self.replies[-1] if self.replies else self.created_at_us
        for begin, end, state in self._spans(self.states[-1][0]) if pausable else ():
            if not self._pauses(state):
                continue
            if (begin, state) == self.states[-1]:
                return None
            if at_us < end and begin < self.calendar.due_at(at_us, target_us):
                target_us -= self.calendar.elapsed_us(at_us, max(begin, at_us))
                at_us = end
        return instant_text(self.calendar.due_at(at_us, max(0, target_us)))


def _is_resolved(state: str) -> bool:
    return status_of(state, frozenset(), ends=True) in _RESOLVED
