"""When the clocks of a conversation start, stand still and are fulfilled.

The rules take facts in the order in which they happened; ``clocks`` sees to that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.clock import Clock
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import (
    ACKNOWLEDGED,
    ANSWERED,
    CUSTOMER_WROTE,
    OPENED,
    REOPENED,
    STATUS_OF,
    Opening,
    Row,
)
from services.sla.domain.policies import (
    CLOCKS,
    ClockName,
    Policy,
    PolicyBook,
    PolicyRef,
    Status,
)

RESOLVED: Final[tuple[Status, ...]] = ("solved", "closed")
# Started by the customer's message and stopped, not broken, when the conversation is resolved
# without a person's reply: a bot may have answered.
RESPONSE_CLOCKS: Final[tuple[ClockName, ...]] = ("first_response", "next_response")


@dataclass(slots=True)
class Standing:
    """How a conversation stands after the facts taken so far; plain values only."""

    # 0 until the conversation is opened.
    cycle: int = 0
    began_at_us: int = 0
    status: Status = "new"
    policy: PolicyRef | None = None
    # A customer's message waits for a person's answer.
    unanswered: bool = False
    # Cycles of the next response, over all reopenings.
    next_responses: int = 0
    clocks: dict[ClockName, Clock] = field(default_factory=dict)

    def copy(self) -> Self:
        """Return a standing that moves on by itself."""
        return replace(self, clocks={name: replace(one) for name, one in self.clocks.items()})


def settle(standing: Standing, until_us: int) -> list[ClockEvent]:
    """Sound every alarm due at or before an instant, in order of time."""
    due = [
        (at_us, CLOCKS.index(name), alarm == "breached", clock, alarm)
        for name, clock in standing.clocks.items()
        if clock.running_since_us is not None
        for at_us, alarm in clock.alarms()
        if at_us <= until_us
    ]
    due.sort(key=lambda one: one[:3])
    return [clock.sound(alarm, at_us) for at_us, _, _, clock, alarm in due]


class Rules:
    """Takes a conversation's rows in order and collects the clock events they cause."""

    def __init__(self, standing: Standing, openings: Sequence[Opening], book: PolicyBook) -> None:
        self.standing = standing
        self._openings = openings
        self._book = book
        self.events: list[ClockEvent] = []

    def begin(self, opening: Opening, at_us: int) -> None:
        """Begin the first cycle; no row acts before it, whatever its time."""
        self.standing.began_at_us = at_us
        self._begin_cycle(opening.policy, at_us)

    def take(self, row: Row) -> None:
        at_us = max(row.at_us, self.standing.began_at_us)
        # An alarm at this very instant does not sound yet: what happens at the due time is in time.
        self.events += settle(self.standing, at_us - 1)
        if row.code in (OPENED, REOPENED):
            self._open_again(row, at_us)
        elif row.code == CUSTOMER_WROTE:
            self._customer_wrote(at_us)
        elif row.code in (ACKNOWLEDGED, ANSWERED):
            self._agent_replied(at_us, answers=row.code == ANSWERED)
        else:
            self._change_status(STATUS_OF[row.code], at_us)

    def _open_again(self, row: Row, at_us: int) -> None:
        # An opening of what is open already is a repetition.
        if self.standing.status in RESOLVED:
            opening = next(one for one in self._openings if one[:2] == row)
            self.standing.status = "open"
            self._begin_cycle(opening.policy, at_us)

    def _begin_cycle(self, ref: PolicyRef | None, at_us: int) -> None:
        standing = self.standing
        standing.cycle += 1
        standing.policy = ref
        standing.clocks = {}
        policy = self._policy()
        if policy is None:
            return
        for name in CLOCKS:
            if name in policy.targets:
                target_us = policy.targets[name].target_us
                self.events.append(
                    ClockEvent(
                        "policy_applied",
                        name,
                        standing.cycle,
                        at_us,
                        None,
                        0,
                        target_us,
                        policy.ref,
                    )
                )
        self._start("resolution", at_us)
        if standing.unanswered:
            self._start_responses(at_us)

    def _customer_wrote(self, at_us: int) -> None:
        self.standing.unanswered = True
        if self.standing.status not in RESOLVED:
            self._start_responses(at_us)

    def _start_responses(self, at_us: int) -> None:
        clocks = self.standing.clocks
        if "first_response" not in clocks:
            self._start("first_response", at_us)
        waiting = clocks.get("next_response")
        if waiting is None or not waiting.is_open:
            self._start("next_response", at_us)

    def _agent_replied(self, at_us: int, *, answers: bool) -> None:
        self._fulfil("first_response", at_us)
        if answers:
            self.standing.unanswered = False
            self._fulfil("next_response", at_us)

    def _change_status(self, status: Status, at_us: int) -> None:
        standing = self.standing
        was_resolved = standing.status in RESOLVED
        standing.status = status
        if status in RESOLVED:
            self._fulfil("resolution", at_us)
        elif was_resolved:
            # Nobody said "reopened", but it was.
            self._begin_cycle(standing.policy, at_us)
        self._pause_and_resume(at_us)

    def _pause_and_resume(self, at_us: int) -> None:
        for name in CLOCKS:
            clock = self.standing.clocks.get(name)
            if clock is None or not clock.is_open:
                continue
            if clock.is_running and self._stands_still(name):
                self.events.append(clock.pause(at_us, self._calendar(clock)))
            elif not clock.is_running and not self._stands_still(name):
                self.events.append(clock.resume(at_us, self._calendar(clock)))

    def _start(self, name: ClockName, at_us: int) -> None:
        policy = self._policy()
        if policy is None or name not in policy.targets:
            return
        standing = self.standing
        cycle = standing.cycle
        if name == "next_response":
            cycle = standing.next_responses = standing.next_responses + 1
        clock = Clock.of(name, cycle, policy.ref, policy.targets[name], at_us)
        standing.clocks[name] = clock
        running = not self._stands_still(name)
        self.events.append(clock.activate(at_us, policy.calendar, running=running))

    def _fulfil(self, name: ClockName, at_us: int) -> None:
        clock = self.standing.clocks.get(name)
        if clock is not None and clock.is_open:
            self.events.append(clock.fulfil(at_us, self._calendar(clock)))

    def _stands_still(self, name: ClockName) -> bool:
        status = self.standing.status
        if name in RESPONSE_CLOCKS and status in RESOLVED:
            return True
        policy = self._policy()
        return policy is not None and status in policy.targets[name].pause_in

    def _policy(self) -> Policy | None:
        ref = self.standing.policy
        return None if ref is None else self._book.policy(ref)

    def _calendar(self, clock: Clock) -> BusinessCalendar:
        return self._book.policy(clock.policy).calendar
