"""A conversation of the case file, told step by step to the clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.clocks import (
    ConversationClocks,
    apply_all,
    holding,
    pass_time,
    standing_of,
)
from services.sla.domain.conformance_measures import Contacts
from services.sla.domain.conformance_spans import (
    UNREACHABLE_US,
    duration_us,
    in_units,
    instant_of_case,
)
from services.sla.domain.conformance_words import (
    PAUSING,
    Meaning,
    meaning_of,
    plain,
    status_of,
)
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import (
    Fact,
    agent_replied,
    code_of,
    conversation_opened,
    conversation_reopened,
    customer_wrote,
    status_changed,
)
from services.sla.domain.policies import CLOCKS, ClockName, Policy, PolicyBook, Target
from services.sla.domain.rules import RESOLVED
from services.sla.domain.zones import instant_text

_CHANNEL: Final = "any"
# The clocks by the names that other systems give them.
_OTHER_NAMES: Final = {"next_response": "update", "resolution": "close"}
_CONDITIONS: Final = ("when", "conditions", "condition")
_STATE: Final = ("state", "status")

Data = Mapping[str, Any]


class Timeline:
    """Takes the events of a case and tells the figures that hold after each."""

    def __init__(self, policies: Sequence[Data], calendar: BusinessCalendar) -> None:
        self._policies = policies
        self._calendar = calendar
        self._taken: list[Data] = []
        self._now_us = 0
        self._priority: str | None = None
        self._promises = True
        self._begin(_chosen(policies, None))

    def _begin(self, policy: Data) -> None:
        self._policy = policy
        pausing = policy.get("pausing_states") or ()
        self._pausing = frozenset(plain(state) for state in pausing)
        self._promised = [name for name in CLOCKS if duration_us(policy, name)]
        measured = {"first_response", "next_response", "resolution", *self._promised}
        targets = {name: _target(policy, name) for name in CLOCKS if name in measured}
        self._book = PolicyBook((Policy("case", "1", self._calendar, targets),))
        self._state = ConversationClocks()
        self._contacts = Contacts(self._calendar, self._pausing)
        self._last: Fact | None = None

    def take(self, event: Data) -> None:
        self._taken.append(event)
        meaning, state = meaning_of(event)
        at_us = instant_of_case(event, "at")
        self.advance(at_us)
        told = event.get("to" if meaning == "priority" else "priority")
        if told is not None and told != self._priority:
            self._priority = told
            self._choose_again()
        elif meaning == "promise ended":
            self._promises = False
        else:
            self._apply(event, meaning, state, at_us)

    def _choose_again(self) -> None:
        """Tell all again to the policy that applies now: it counts from the beginning."""
        taken, self._taken = self._taken, []
        self._begin(_chosen(self._policies, self._priority))
        self._promises = any(_applies(policy, self._priority) for policy in self._policies)
        for event in taken:
            self._taken.append(event)
            meaning, state = meaning_of(event)
            at_us = instant_of_case(event, "at")
            self.advance(at_us)
            self._apply(event, meaning, state, at_us)

    def _apply(self, event: Data, meaning: Meaning, state: str, at_us: int) -> None:
        self._contacts.take(meaning, state, at_us)
        # A state that is told of a close or a resolution ends; one that is only set may pause.
        ends = plain(event["type"]) not in _STATE
        for fact in self._facts(meaning, state, at_us, ends=ends):
            ordered = self._after_the_last(fact)
            apply_all(self._state, [ordered], self._book)
            self._last = ordered

    def advance(self, now_us: int) -> None:
        """Let the time before an instant pass."""
        self._now_us = max(self._now_us, now_us)
        pass_time(self._state, now_us - 1, self._book)

    def _after_the_last(self, fact: Fact) -> Fact:
        """Keep the order in which facts of one instant are told, by a microsecond each."""
        last = self._last
        if last is None or not 0 <= last.at_us - fact.at_us < 1000:  # noqa: PLR2004
            return fact
        later_us = last.at_us + (code_of(fact.row) < code_of(last.row))
        if later_us == fact.at_us:
            return fact
        return Fact((later_us << 4) | code_of(fact.row), fact.subject)

    def _facts(self, meaning: Meaning, state: str, at_us: int, *, ends: bool) -> list[Fact]:
        facts: list[Fact] = []
        creates = meaning.startswith("created")
        if creates or (not self._state.openings and meaning != "nothing"):
            facts.append(conversation_opened(at_us, _CHANNEL))
        if meaning in ("created by a customer", "customer wrote"):
            facts.append(customer_wrote(at_us))
        elif meaning in ("agent answered", "agent acknowledged"):
            facts.append(agent_replied(at_us, answers=meaning == "agent answered"))
        elif meaning == "handed over":
            # A person begins where the bot leaves off, as after what the bot solved.
            facts += [
                status_changed(at_us, "solved"),
                conversation_reopened(at_us, _CHANNEL),
            ]
        elif meaning == "reopened":
            facts.append(conversation_reopened(at_us, _CHANNEL))
        if state and meaning != "priority":
            status = status_of(state, self._pausing, ends=ends)
            if status != "new" or not creates:
                facts.append(status_changed(at_us, status))
        return facts

    def figures(self) -> dict[str, Any]:
        """Return what holds now, by name; None for what is not there."""
        due = {name: self._due_at_us(name) for name in self._promised}
        figures: dict[str, Any] = {}
        for name in CLOCKS:
            figures |= self._figures_of(name, due.get(name))
        figures |= self._worst_cycle()
        figures |= self._contacts.figures(
            self._now_us, self._policy if self._promises else {}, self._resolved
        )
        others = figures["periodic_update_due_at"], figures["pausable_update_due_at"]
        all_due = [_shown(one) for one in due.values()] + list(others)
        figures["next_due_at"] = min((one for one in all_due if one), default=None)
        figures["escalation_at"] = figures["next_due_at"]
        return figures | self.status()

    def _figures_of(self, name: ClockName, due_us: int | None) -> dict[str, Any]:
        spent = self._fulfilled_us(name)
        target_us = duration_us(self._policy, name)
        misses = self._misses(name)
        figures: dict[str, Any] = {f"{name}_due_at": _shown(due_us)}
        figures |= in_units(f"{name}_elapsed", spent[-1] if spent else None)
        left = target_us - spent[-1] if spent and target_us is not None else None
        figures |= in_units(f"{name}_remaining", left)
        figures |= {f"{name}_misses": misses, f"{name}_breached": misses > 0}
        other = _OTHER_NAMES.get(name)
        if other is not None:
            named = {key.replace(name, other, 1): value for key, value in figures.items()}
            figures |= named
        return figures

    def _worst_cycle(self) -> dict[str, Any]:
        waits = self._fulfilled_us("next_response")
        worst = max(waits, default=None)
        target_us = self._book.in_force[0].targets["next_response"].target_us
        left = None if worst is None else target_us - worst
        mean = round(sum(waits) / len(waits)) if waits else None
        return (
            in_units("worst_cycle", worst)
            | in_units("worst_cycle_remaining", left)
            | in_units("mean_cycle", mean)
        )

    def status(self) -> dict[str, Any]:
        breached = [
            name
            for name, clock in standing_of(self._state, self._book).clocks.items()
            if clock.state == "breached" and name in self._promised and self._promises
        ]
        open_breaches = [] if self._resolved else breached
        return {"open_breaches": open_breaches, "state": self._states(open_breaches)}

    def _states(self, open_breaches: Sequence[str]) -> frozenset[str]:
        """Return the names of the state; an open conversation's breaches are told apart."""
        missed = any(self._misses(name) for name in self._promised)
        if self._resolved:
            return frozenset(("missed", "failed") if missed else ("met", "hit", "fulfilled"))
        names = {"breached", "active_with_misses"} if missed else {"active"}
        if open_breaches:
            names.add("active")
        clocks = standing_of(self._state, self._book).clocks.values()
        waiting = [clock for clock in clocks if clock.is_open]
        if waiting and not any(clock.is_running for clock in waiting):
            names.add("paused")
        return frozenset(names)

    @property
    def _resolved(self) -> bool:
        return standing_of(self._state, self._book).status in RESOLVED

    def _misses(self, name: ClockName) -> int:
        told = (one for one in self._told() if one.clock == name and one.kind == "breached")
        return sum(one.sign for one in told) if name in self._promised else 0

    def _told(self) -> list[ClockEvent]:
        return holding(self._state, self._book) if self._state.openings else []

    def _due_at_us(self, name: ClockName) -> int | None:
        clock = standing_of(self._state, self._book).clocks.get(name)
        return clock.due_at_us if clock and clock.is_open and self._promises else None

    def _fulfilled_us(self, name: ClockName) -> list[int]:
        return [
            _to_the_millisecond(event.elapsed_us)
            for event in self._told()
            if event.clock == name and event.kind == "fulfilled"
        ]


def _chosen(policies: Sequence[Data], priority: str | None) -> Data:
    """Return the first policy that applies; the first of all, if none does."""
    return next((one for one in policies if _applies(one, priority)), policies[0])


def _applies(policy: Data, priority: str | None) -> bool:
    for key in _CONDITIONS:
        conditions = policy.get(key) or {}
        wanted = conditions.get("priorities", conditions.get("priority"))
        if wanted is not None and priority not in (
            wanted if isinstance(wanted, list) else [wanted]
        ):
            return False
    return True


def _target(policy: Data, name: ClockName) -> Target:
    target_us = duration_us(policy, name)
    return Target(target_us or UNREACHABLE_US, pause_in=(PAUSING,))


def _to_the_millisecond(at_us: int) -> int:
    """Drop the microseconds that keep the order of one instant."""
    return round(at_us, -3)


def _shown(at_us: int | None) -> str | None:
    return None if at_us is None else instant_text(_to_the_millisecond(at_us))
