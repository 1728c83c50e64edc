"""A conversation's clocks: facts in any order in, clock events and timers out.

What was told is always corrected to what it would have been, had the facts come in the order in
which they happened. A fact that is the latest moves the clocks on; a late one replays them from the
facts remembered, and the difference goes out as events with sign −1 and +1.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.sla.domain.events import ClockEvent, corrections, without
from services.sla.domain.facts import (
    CUSTOMER_WROTE,
    REOPENED,
    ConversationOpened,
    ConversationReopened,
    Fact,
    Opening,
    Row,
    row_of,
)
from services.sla.domain.policies import CLOCKS, PolicyBook, Subject
from services.sla.domain.rules import Rules, Standing, settle

# A conversation that remembers more facts than the first number settles all but the latest of the
# second: what they led to stays as it was told, and a fact that comes later still is not counted.
MAX_ROWS: Final = 128
KEPT_ROWS: Final = 64


@dataclass(slots=True)
class ConversationClocks:
    """All that is remembered of a conversation; plain values only, so that it can be stored.

    Some ten bytes a fact and about a hundred a clock event, for at most ``MAX_ROWS`` facts.
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
    # Numbers the place that counts what is told from now on.
    told_in: int = 0
    # The last of the settled facts, and how the conversation stood after it.
    settled: Row | None = None
    settled_standing: Standing | None = None


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
    events: tuple[ClockEvent, ...] = ()
    timers: tuple[SetTimer | CancelTimer, ...] = ()


NOTHING: Final = Outcome()


def apply(state: ConversationClocks, fact: Fact, book: PolicyBook) -> Outcome:
    """Take a fact, early or late. The state is changed in place."""
    return apply_all(state, (fact,), book)


def take_back(state: ConversationClocks, fact: Fact, book: PolicyBook) -> Outcome:
    """Undo a fact that was applied and is no longer true; one that never was is an error."""
    return apply_all(state, (), book, taken_back=(fact,))


def apply_all(
    state: ConversationClocks,
    facts: Sequence[Fact],
    book: PolicyBook,
    taken_back: Sequence[Fact] = (),
) -> Outcome:
    """Take the facts of one event, whatever their order among themselves, and what it takes back.

    A fact taken back that never was applied is a LookupError, raised before anything is changed.
    """
    coming = [(row_of(fact), fact) for fact in facts]
    if len(coming) > 1:
        coming.sort(key=_row)
    if not taken_back and coming and _is_latest(state, coming):
        outcome = _go_on(state, coming, book)
    else:
        outcome = _correct(state, coming, _applied(state, taken_back), book)
    if len(state.rows) > MAX_ROWS:
        _settle_early(state, book)
    return outcome


def on_timer(state: ConversationClocks, timer_id: str, due_at_us: int) -> Outcome:
    """Let a timer fire: its time has passed. One that was moved or cancelled says only that."""
    if state.timers.get(timer_id) == due_at_us:
        del state.timers[timer_id]
    state.passed_us = max(state.passed_us, due_at_us)
    return _tell(state, settle(state.standing, state.passed_us))


def _is_latest(state: ConversationClocks, coming: list[tuple[Row, Fact]]) -> bool:
    last = state.rows[-1] if state.rows else None
    first = coming[0][0]
    if not state.standing.cycle or first.at_us <= state.passed_us or (last and first < last):
        return False
    for row, _ in coming:
        # Of two openings at one instant the subject decides, not which came first.
        if row.code <= REOPENED and row == last:
            return False
        last = row
    return True


def _go_on(state: ConversationClocks, coming: list[tuple[Row, Fact]], book: PolicyBook) -> Outcome:
    rules = Rules(state.standing, state.openings, book)
    for row, fact in coming:
        if isinstance(fact, ConversationOpened | ConversationReopened):
            state.openings.append(_opening(fact, row, book))
        state.rows.append(row)
        rules.take(row)
    state.passed_us = max(state.passed_us, state.rows[-1].at_us - 1)
    return _tell(state, rules.events)


def _tell(state: ConversationClocks, events: list[ClockEvent]) -> Outcome:
    if not events:
        return NOTHING  # no clock has changed, so no timer has
    if state.told_in:
        events = [event._replace(told_in=state.told_in) for event in events]
    state.told += events
    return Outcome(tuple(events), _move_timers(state))


def _applied(state: ConversationClocks, taken_back: Sequence[Fact]) -> list[tuple[Row, Fact]]:
    """Return what is to be dropped; what is settled stays."""
    gone: list[tuple[Row, Fact]] = []
    for fact in taken_back:
        row = row_of(fact)
        position = bisect_left(state.rows, row) + sum(row == one for one, _ in gone)
        if state.rows[position : position + 1] == [row]:
            gone.append((row, fact))
        elif state.settled is None or row > state.settled:
            raise LookupError(f"{fact} was never applied, so it cannot be taken back")
    return gone


def _correct(
    state: ConversationClocks,
    coming: list[tuple[Row, Fact]],
    gone: list[tuple[Row, Fact]],
    book: PolicyBook,
) -> Outcome:
    for row, fact in gone:
        del state.rows[bisect_left(state.rows, row)]
        if isinstance(fact, ConversationOpened | ConversationReopened):
            del state.openings[_position_of_opening(state.openings, row, fact)]
    if state.settled is not None:
        coming = [one for one in coming if one[0] > state.settled]
    if not coming and not gone:
        return NOTHING
    for row, fact in coming:
        if isinstance(fact, ConversationOpened | ConversationReopened):
            insort(state.openings, _opening(fact, row, book), key=_without_policy)
        insort(state.rows, row)
        state.passed_us = max(state.passed_us, row.at_us - 1)
    rules = _replayed(state, state.rows, book)
    events = rules.events + settle(rules.standing, state.passed_us)
    changes, state.told = corrections(state.told, events, state.told_in)
    state.standing = rules.standing
    return Outcome(tuple(changes), _move_timers(state))


def _replayed(state: ConversationClocks, rows: Sequence[Row], book: PolicyBook) -> Rules:
    """Return the rules after the first rows, beginning where nothing is remembered before."""
    if state.settled_standing is not None:
        rules = Rules(state.settled_standing.copy(), state.openings, book)
    else:
        rules = Rules(Standing(), state.openings, book)
        if not state.openings:
            return rules
        first = state.openings[0]
        wrote = next((row for row in state.rows if row.code == CUSTOMER_WROTE), first)
        rules.begin(first, min(first.at_us, wrote.at_us))
    for row in rows:
        rules.take(row)
    return rules


def _settle_early(state: ConversationClocks, book: PolicyBook) -> None:
    """Forget the early facts and what they told: it stays as it is."""
    if not state.standing.cycle:
        return  # not opened yet: nothing was told
    early = state.rows[:-KEPT_ROWS]
    rules = _replayed(state, early, book)
    state.told = without(state.told, rules.events)
    state.settled, state.settled_standing = early[-1], rules.standing
    state.rows = state.rows[-KEPT_ROWS:]
    state.openings = [one for one in state.openings if one[:2] >= state.settled]


def _opening(
    fact: ConversationOpened | ConversationReopened, row: Row, book: PolicyBook
) -> Opening:
    policy = book.choose(fact.subject)
    return Opening(row.at_us, row.code, fact.subject, policy.ref if policy else None)


def _position_of_opening(
    openings: Sequence[Opening], row: Row, fact: ConversationOpened | ConversationReopened
) -> int:
    """Return which opening of the row's instant it is: the one of the same subject, if any."""
    first = bisect_left(openings, row)
    for position in range(first, len(openings)):
        if _without_policy(openings[position]) == (*row, fact.subject):
            return position
    return first


def _row(one: tuple[Row, Fact]) -> Row:
    return one[0]


def _without_policy(opening: Opening) -> tuple[int, int, Subject]:
    return opening[:3]


def _move_timers(state: ConversationClocks) -> tuple[SetTimer | CancelTimer, ...]:
    wanted = {
        f"{name}.{clock.cycle}.{alarm}": at_us
        for name in CLOCKS
        if (clock := state.standing.clocks.get(name)) is not None
        for at_us, alarm in clock.alarms()
    }
    known, state.timers = state.timers, wanted
    gone = (CancelTimer(timer_id) for timer_id in known if timer_id not in wanted)
    new = (
        SetTimer(timer_id, at_us)
        for timer_id, at_us in wanted.items()
        if known.get(timer_id) != at_us
    )
    return (*gone, *new)
