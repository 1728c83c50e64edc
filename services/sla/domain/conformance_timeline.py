"""A conversation of the case file, told step by step to the clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.clocks import (
    ConversationClocks,
    apply_all,
    holding,
    pass_time,
    standing_of,
)
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import (
    Fact,
    agent_replied,
    conversation_opened,
    conversation_reopened,
    customer_wrote,
    status_changed,
)
from services.sla.domain.plain_data import DataError
from services.sla.domain.policies import CLOCKS, ClockName, Policy, PolicyBook, Target
from services.sla.domain.rules import RESOLVED
from services.sla.domain.zones import DAY_US, SECOND_US, instant_text, parse_instant_us

_MINUTE_US: Final = 60 * SECOND_US
# A case may measure what it sets no target for.
UNREACHABLE_US: Final = 366 * DAY_US
_CHANNEL: Final = "any"


class Timeline:
    """Takes the events of a case and tells the figures that hold after each."""

    def __init__(self, policy: Mapping[str, Any], calendar: BusinessCalendar) -> None:
        self._promised = [name for name in CLOCKS if policy.get(f"{name}_min") is not None]
        targets = {name: _target(policy, name) for name in CLOCKS}
        self._book = PolicyBook((Policy("case", "1", calendar, targets),))
        self._state = ConversationClocks()

    def take(self, event: Mapping[str, Any]) -> None:
        at_us = parse_instant_us(event["at"])
        self.advance(at_us)
        apply_all(self._state, self._facts(event, at_us), self._book)

    def advance(self, now_us: int) -> None:
        """Let the time before an instant pass."""
        pass_time(self._state, now_us - 1, self._book)

    def figures(self) -> dict[str, Any]:
        due = {name: self._due_at_us(name) for name in self._promised}
        figures: dict[str, Any] = {f"{name}_due_at": _shown(due.get(name)) for name in CLOCKS}
        figures["next_due_at"] = _shown(min((one for one in due.values() if one), default=None))
        for name in ("first_response", "resolution"):
            spent = self._fulfilled_us(name)
            if spent:
                figures[f"{name}_elapsed_s"] = spent[-1] // SECOND_US
                figures[f"{name}_elapsed_min"] = spent[-1] / _MINUTE_US
        waits = self._fulfilled_us("next_response")
        if waits:
            target_us = self._book.in_force[0].targets["next_response"].target_us
            figures["worst_cycle_min"] = max(waits) / _MINUTE_US
            figures["worst_cycle_remaining_min"] = (target_us - max(waits)) / _MINUTE_US
        return figures

    def status(self) -> dict[str, Any]:
        standing = standing_of(self._state, self._book)
        told = [event.kind for event in self._told() if event.clock in self._promised]
        missed = "breached" in told
        if standing.status in RESOLVED:
            state = "missed" if missed else "met"
        else:
            state = "breached" if missed else "active"
        breached = [name for name, clock in standing.clocks.items() if clock.state == "breached"]
        return {
            "open_breaches": [name for name in breached if name in self._promised],
            "state": state,
        }

    def _told(self) -> list[ClockEvent]:
        return holding(self._state, self._book)

    def _facts(self, event: Mapping[str, Any], at_us: int) -> list[Fact]:
        facts = [_fact(event, at_us)]
        creates = event["type"] == "customer_message_creates_ticket"
        if creates or not self._state.openings:
            facts.insert(0, conversation_opened(at_us, _CHANNEL))
        return facts

    def _due_at_us(self, name: ClockName) -> int | None:
        clock = standing_of(self._state, self._book).clocks.get(name)
        return clock.due_at_us if clock and clock.is_open else None

    def _fulfilled_us(self, name: ClockName) -> list[int]:
        return [
            event.elapsed_us
            for event in self._told()
            if event.clock == name and event.kind == "fulfilled"
        ]


def _fact(event: Mapping[str, Any], at_us: int) -> Fact:
    facts: dict[str, Callable[[], Fact]] = {
        "customer_message_creates_ticket": lambda: customer_wrote(at_us),
        "customer_message": lambda: customer_wrote(at_us),
        "agent_reply": lambda: agent_replied(at_us),
        "first_response_only": lambda: agent_replied(at_us, answers=False),
        "reopened": lambda: conversation_reopened(at_us, _CHANNEL),
        "state": lambda: status_changed(at_us, event["to"]),
        "resolve": lambda: status_changed(at_us, "solved"),
        "bot_resolved": lambda: status_changed(at_us, "solved"),
        "close": lambda: status_changed(at_us, "closed"),
    }
    told = event["type"]
    if told not in facts:
        raise DataError(f"unknown event type {told!r} at {event['at']}; known: {', '.join(facts)}")
    return facts[told]()


def _target(policy: Mapping[str, Any], name: ClockName) -> Target:
    minutes = policy.get(f"{name}_min")
    target_us = UNREACHABLE_US if minutes is None else minutes * _MINUTE_US
    return Target(target_us, pause_in=tuple(policy.get("pausing_states", ())))


def _shown(at_us: int | None) -> str | None:
    return None if at_us is None else instant_text(at_us)
