"""A conversation's clocks: facts in any order in, clock events and timers out.

What was told is always corrected to what it would have been, had the facts come in the order in
which they happened. A fact that is the latest moves the clocks on; a late one replays them from the
facts remembered, and the difference goes out as events with sign −1 and +1.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.sla.domain.events import ClockEvent, corrections
from services.sla.domain.facts import (
    CUSTOMER_WROTE,
    ConversationOpened,
    ConversationReopened,
    Fact,
    Opening,
    Row,
    row_of,
    subject_of,
)
from services.sla.domain.policies import CLOCKS, PolicyBook
from services.sla.domain.rules import Rules, Standing, settle


@dataclass(slots=True)
class ConversationClocks:
    """All that is remembered of a conversation; plain values only, so that it can be stored.

    It grows by some ten bytes a fact and about a hundred a clock event; who keeps it forgets it
    when the conversation can no longer change.
    """

    rows: list[Row] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    # Alarms due at or before this have sounded.
    passed_us: int = -1
    standing: Standing = field(default_factory=Standing)
    # The events that hold, after all corrections.
    told: list[ClockEvent] = field(default_factory=list)
    # Timer id to due time, as they are set.
    timers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Set a timer, or move the one of the same id; ids are unique within a conversation.

    The time may be past already: then the timer is to fire as soon as the caller lets timers fire.
    """

    timer_id: str
    due_at_us: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    timer_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    events: list[ClockEvent] = field(default_factory=list)
    timers: list[SetTimer | CancelTimer] = field(default_factory=list)


def apply(state: ConversationClocks, fact: Fact, book: PolicyBook) -> Outcome:
    """Take a fact, early or late. The state is changed in place."""
    row = row_of(fact)
    is_latest = row.at_us > state.passed_us and (not state.rows or row >= state.rows[-1])
    if isinstance(fact, ConversationOpened | ConversationReopened):
        # Of two openings at one instant the subject decides, not which came first.
        is_latest = is_latest and row not in state.rows[-1:]
        insort(state.openings, _opening(fact, row, book), key=_without_policy)
    insort(state.rows, row)
    state.passed_us = max(state.passed_us, row.at_us - 1)
    if is_latest and state.standing.cycle:
        rules = Rules(state.standing, state.openings, book)
        rules.take(row)
        return _tell(state, rules.events)
    return _replay(state, book)


def apply_all(state: ConversationClocks, facts: Iterable[Fact], book: PolicyBook) -> Outcome:
    """Take the facts of one event, whatever their order among themselves."""
    outcome = Outcome()
    for fact in sorted(facts, key=row_of):
        one = apply(state, fact, book)
        outcome.events.extend(one.events)
        outcome.timers.extend(one.timers)
    return outcome


def take_back(state: ConversationClocks, fact: Fact, book: PolicyBook) -> Outcome:
    """Undo a fact that was applied and is no longer true; one that never was is an error."""
    row = row_of(fact)
    position = bisect_left(state.rows, row)
    if state.rows[position : position + 1] != [row]:
        raise LookupError(f"{fact} was never applied, so it cannot be taken back")
    del state.rows[position]
    if isinstance(fact, ConversationOpened | ConversationReopened):
        taken = (*row, _subject_key(fact))
        state.openings.remove(next(one for one in state.openings if _without_policy(one) == taken))
    return _replay(state, book)


def on_timer(state: ConversationClocks, timer_id: str, due_at_us: int) -> Outcome:
    """Let a timer fire: its time has passed. One that was moved or cancelled says only that."""
    if state.timers.get(timer_id) == due_at_us:
        del state.timers[timer_id]
    state.passed_us = max(state.passed_us, due_at_us)
    return _tell(state, settle(state.standing, state.passed_us))


def _tell(state: ConversationClocks, events: list[ClockEvent]) -> Outcome:
    if not events:
        return Outcome()  # no clock has changed, so no timer has
    state.told += events
    return Outcome(events, _move_timers(state))


def _replay(state: ConversationClocks, book: PolicyBook) -> Outcome:
    standing = Standing()
    rules = Rules(standing, state.openings, book)
    if state.openings:
        first = state.openings[0]
        wrote = next((row for row in state.rows if row.code == CUSTOMER_WROTE), first)
        rules.begin(first, min(first.at_us, wrote.at_us))
        for row in state.rows:
            rules.take(row)
    events = rules.events + settle(standing, state.passed_us)
    told, state.told, state.standing = state.told, events, standing
    return Outcome(corrections(told, events), _move_timers(state))


def _opening(
    fact: ConversationOpened | ConversationReopened, row: Row, book: PolicyBook
) -> Opening:
    policy = book.choose(subject_of(fact))
    return Opening(row.at_us, row.code, _subject_key(fact), policy.ref if policy else None)


def _subject_key(fact: ConversationOpened | ConversationReopened) -> tuple[str, str, str]:
    return fact.channel, fact.brand, fact.priority


def _without_policy(opening: Opening) -> tuple[int, int, tuple[str, str, str]]:
    return opening[:3]


def _move_timers(state: ConversationClocks) -> list[SetTimer | CancelTimer]:
    wanted = {
        f"{name}.{clock.cycle}.{alarm}": at_us
        for name in CLOCKS
        if (clock := state.standing.clocks.get(name)) is not None
        for at_us, alarm in clock.alarms()
    }
    moves: list[SetTimer | CancelTimer] = [
        CancelTimer(timer_id) for timer_id in state.timers if timer_id not in wanted
    ]
    moves += [
        SetTimer(timer_id, at_us)
        for timer_id, at_us in wanted.items()
        if state.timers.get(timer_id) != at_us
    ]
    state.timers = wanted
    return moves
