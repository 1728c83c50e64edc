"""When the clocks of a conversation start, stand still and are fulfilled.

The rules take facts in the order in which they happened; ``clocks`` sees to that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from services.sla.domain.clock import Alarm, Clock
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
    code_of,
    instant_of,
)
from services.sla.domain.policies import (
    CLOCKS,
    ClockName,
    Policy,
    PolicyBook,
    PolicyRef,
    Status,
)

# The instant of an alarm that will not sound.
NEVER: Final = 1 << 62

RESOLVED: Final[tuple[Status, ...]] = ("solved", "closed")
_OPENINGS: Final = frozenset({OPENED, REOPENED})
_REPLIES: Final = frozenset({ACKNOWLEDGED, ANSWERED})
# Started by the customer's message and stopped, not broken, when the conversation is resolved
# without a person's reply: a bot may have answered.
RESPONSE_CLOCKS: Final[tuple[ClockName, ...]] = ("first_response", "next_response")
# The time between an agent's public replies, whoever else writes: each reply begins the next cycle.
UPDATE_CLOCKS: Final[tuple[ClockName, ...]] = ("periodic_update", "pausable_update")
# The time in states, from the opening to the resolution.
STATE_CLOCKS: Final[tuple[ClockName, ...]] = ("requester_wait", "agent_work")
# What these clocks never count, whatever the policy says.
_NEVER_COUNTED: Final[Mapping[ClockName, tuple[Status, ...]]] = {
    "pausable_update": ("pending",),
    "requester_wait": ("pending",),
    "agent_work": ("pending", "on_hold"),
}


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

    def next_alarm_us(self) -> int:
        """Return when the next alarm will sound, if all runs on; NEVER if none will."""
        next_us = NEVER
        for clock in self.clocks.values():
            if clock.warn_at_us is not None and clock.warn_at_us < next_us:
                next_us = clock.warn_at_us
            if clock.due_at_us is not None and clock.breached_at_us is None:
                next_us = min(next_us, clock.due_at_us)
        return next_us

    def copy(self) -> Self:
        """Return a standing that moves on by itself."""
        return replace(self, clocks={name: replace(one) for name, one in self.clocks.items()})


def settle(standing: Standing, until_us: int) -> list[ClockEvent]:
    """Sound every alarm due at or before an instant, in order of time."""
    if standing.next_alarm_us() > until_us:
        return []
    due = [
        (at_us, CLOCKS.index(name), alarm == "breached", clock, alarm)
        for name, clock in standing.clocks.items()
        for at_us, alarm in clock.alarms()
        if at_us <= until_us
    ]
    if len(due) > 1:
        due.sort(key=_when)
    return [clock.sound(alarm, at_us) for at_us, _, _, clock, alarm in due]


def _when(alarm: tuple[int, int, bool, Clock, Alarm]) -> tuple[int, int, bool]:
    return alarm[:3]


class Rules:
    """Takes a conversation's rows in order and collects the clock events they cause.

    ``next_alarm_us`` spares looking for alarms before it, until the first event.
    """

    __slots__ = (
        "_book",
        "_known_policy",
        "_known_ref",
        "_next_alarm_us",
        "_openings",
        "events",
        "standing",
    )

    def __init__(
        self,
        standing: Standing,
        openings: Sequence[Opening],
        book: PolicyBook,
        next_alarm_us: int = 0,
    ) -> None:
        self.standing = standing
        self._openings = openings
        self._book = book
        self._next_alarm_us = next_alarm_us
        self._known_ref: PolicyRef | None = None
        self._known_policy: Policy | None = None
        self.events: list[ClockEvent] = []

    def begin(self, opening: Opening, at_us: int) -> None:
        """Begin the first cycle; no row acts before it, whatever its time."""
        self.standing.began_at_us = at_us
        self._begin_cycle(opening.policy, at_us)

    def take(self, row: Row) -> None:
        standing = self.standing
        code = code_of(row)
        at_us = max(instant_of(row), standing.began_at_us)
        if self.events or at_us > self._next_alarm_us:
            # An alarm at this very instant does not sound yet: what happens then is in time.
            self.events += settle(standing, at_us - 1)
        if code == CUSTOMER_WROTE:
            self._customer_wrote(at_us)
        elif code in _REPLIES:
            self._agent_replied(at_us, answers=code == ANSWERED)
        elif code in _OPENINGS:
            self._open_again(row, at_us)
        else:
            self._change_status(STATUS_OF[code], at_us)

    def _open_again(self, row: Row, at_us: int) -> None:
        # An opening of what is open already is a repetition.
        if self.standing.status in RESOLVED:
            opening = next(one for one in self._openings if one.row == row)
            self.standing.status = "open"
            self._begin_cycle(opening.policy, at_us)

    def _begin_cycle(self, ref: PolicyRef | None, at_us: int) -> None:
        standing = self.standing
        standing.cycle += 1
        standing.policy = ref
        # Their cycles are counted over all reopenings.
        standing.clocks = {
            name: clock
            for name, clock in standing.clocks.items()
            if name in UPDATE_CLOCKS and (not clock.is_open or clock.policy == ref)
        }
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
        for name in STATE_CLOCKS:
            self._start(name, at_us)
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
        if waiting is None or waiting.fulfilled_at_us is not None:
            self._start("next_response", at_us)

    def _agent_replied(self, at_us: int, *, answers: bool) -> None:
        self._fulfil("first_response", at_us)
        if answers:
            self.standing.unanswered = False
            self._fulfil("next_response", at_us)
        for name in UPDATE_CLOCKS:
            self._fulfil(name, at_us)
            if self.standing.status not in RESOLVED:
                self._start(name, at_us)

    def _change_status(self, status: Status, at_us: int) -> None:
        standing = self.standing
        was_resolved = standing.status in RESOLVED
        standing.status = status
        if status in RESOLVED:
            for name in ("resolution", *UPDATE_CLOCKS, *STATE_CLOCKS):
                self._fulfil(name, at_us)
        elif was_resolved:
            # Nobody said "reopened", but it was.
            self._begin_cycle(standing.policy, at_us)
        self._pause_and_resume(at_us)

    def _pause_and_resume(self, at_us: int) -> None:
        policy = self._policy()
        if policy is None:
            return
        for name in CLOCKS:
            clock = self.standing.clocks.get(name)
            if clock is None or clock.fulfilled_at_us is not None:
                continue
            stands_still = self._stands_still(name, policy)
            if clock.is_running and stands_still:
                self.events.append(clock.pause(at_us, policy.calendar))
            elif not clock.is_running and not stands_still:
                self.events.append(clock.resume(at_us, policy.calendar))

    def _start(self, name: ClockName, at_us: int) -> None:
        policy = self._policy()
        if policy is None or name not in policy.targets:
            return
        standing = self.standing
        cycle = standing.cycle
        if name == "next_response":
            cycle = standing.next_responses = standing.next_responses + 1
        elif name in UPDATE_CLOCKS:
            last = standing.clocks.get(name)
            cycle = last.cycle + 1 if last else 1
        clock = Clock.of(name, cycle, policy.ref, policy.targets[name], at_us)
        standing.clocks[name] = clock
        running = not self._stands_still(name, policy)
        self.events.append(clock.activate(at_us, policy.calendar, running=running))

    def _fulfil(self, name: ClockName, at_us: int) -> None:
        clock = self.standing.clocks.get(name)
        if clock is not None and clock.fulfilled_at_us is None:
            policy = self._policy()
            assert policy is not None, "a clock runs by a policy"
            self.events.append(clock.fulfil(at_us, policy.calendar))

    def _stands_still(self, name: ClockName, policy: Policy) -> bool:
        status = self.standing.status
        if name in RESPONSE_CLOCKS and status in RESOLVED:
            return True
        if status in _NEVER_COUNTED.get(name, ()):
            return True
        return status in policy.targets[name].pause_in

    def _policy(self) -> Policy | None:
        """Return the policy of the cycle, by which all of its clocks run."""
        ref = self.standing.policy
        if ref is not self._known_ref:
            self._known_ref = ref
            self._known_policy = None if ref is None else self._book.policy(ref)
        return self._known_policy
