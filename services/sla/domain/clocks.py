"""A conversation's clocks: facts in any order in, clock events and the next alarm out.

What was told is always corrected to what it would have been, had the facts come in the order in
which they happened. A fact that is the latest moves the clocks on; a late one replays them from the
facts remembered, and the difference goes out as events with sign −1 and +1.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from services.sla.domain.events import ClockEvent, content, corrections, without
from services.sla.domain.facts import (
    CODE_BITS,
    CUSTOMER_WROTE,
    OPENED,
    Fact,
    Opening,
    Row,
    code_of,
    instant_of,
)
from services.sla.domain.policies import PolicyBook
from services.sla.domain.rules import NEVER, Rules, Standing, settle

# A conversation that remembers more facts than the first number settles all but the latest of the
# second: what they led to stays as it was told, and a fact that comes later still is not counted.
MAX_ROWS: Final = 128
KEPT_ROWS: Final = 64

_row = attrgetter("row")


class NeverAppliedError(LookupError):
    """A fact is to be taken back that is not there."""


@dataclass(slots=True)
class ConversationClocks:
    """All that is remembered of a conversation; plain values only, so that it can be stored.

    Ten bytes a fact, for at most ``MAX_ROWS`` facts.
    """

    rows: list[Row] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    # Alarms due at or before this have sounded.
    passed_us: int = -1
    # What was told, and holds, in another place than 0.
    elsewhere: list[ClockEvent] = field(default_factory=list)
    # The last of the settled facts, and how the conversation stood after it.
    settled: Row | None = None
    settled_standing: Standing | None = None
    # Follow from the above, and are not to be stored: see ``standing_of``.
    standing: Standing | None = None
    next_alarm_us: int = NEVER


def standing_of(state: ConversationClocks, book: PolicyBook) -> Standing:
    """Return how the conversation stands, also after it was stored and read again.

    ``state.next_alarm_us`` is when the next alarm will sound; NEVER while none will.
    """
    if state.standing is None:
        if not state.openings and state.settled_standing is None:
            state.standing = Standing()
        else:
            _told(state, book)
    assert state.standing is not None
    return state.standing


def apply_all(
    state: ConversationClocks,
    facts: Sequence[Fact],
    book: PolicyBook,
    *,
    taken_back: Sequence[Fact] = (),
    told_in: int = 0,
) -> list[ClockEvent]:
    """Take the facts of one event, whatever their order among themselves, and what it takes back.

    ``told_in`` numbers the place that counts what comes out; what is taken back names the place
    that it was told in. Raises NeverAppliedError as ``check_applied`` does, before any change.
    """
    standing = standing_of(state, book)
    coming = sorted(facts, key=_row) if len(facts) > 1 else facts
    if coming and not taken_back and _is_latest(state, standing, coming):
        events = _go_on(state, standing, coming, book, told_in)
    else:
        events = _correct(state, coming, _applied(state, taken_back), book, told_in)
    if len(state.rows) > MAX_ROWS:
        _settle_early(state, book)
    return events


def check_applied(state: ConversationClocks, taken_back: Sequence[Fact]) -> None:
    """Raise NeverAppliedError unless every fact was applied, or is too old to be remembered."""
    if taken_back:
        _applied(state, taken_back)


def pass_time(
    state: ConversationClocks, until_us: int, book: PolicyBook, *, told_in: int = 0
) -> list[ClockEvent]:
    """Sound the alarms that are due at or before an instant: time has passed it."""
    standing = standing_of(state, book)
    if until_us < state.next_alarm_us:
        return []
    state.passed_us = max(state.passed_us, until_us)
    return _tell(state, standing, settle(standing, state.passed_us), told_in)


def holding(state: ConversationClocks, book: PolicyBook) -> list[ClockEvent]:
    """Return the events that hold, after all corrections; the settled ones are forgotten."""
    told = _told(state, book)
    if not state.elsewhere:
        return told
    places = {content(event): event.told_in for event in state.elsewhere}
    return [event._replace(told_in=places.get(content(event), 0)) for event in told]


def _is_latest(state: ConversationClocks, standing: Standing, coming: Sequence[Fact]) -> bool:
    first = coming[0]
    if not standing.cycle and (state.rows or code_of(first.row) != OPENED):
        return False
    last = state.rows[-1] if state.rows else -1
    if first.row < last or first.row >> CODE_BITS <= state.passed_us:
        return False
    for row, subject in coming:
        # Of two openings at one instant the subject decides, not which came first.
        if subject is not None and row == last:
            return False
        last = row
    return True


def _go_on(
    state: ConversationClocks,
    standing: Standing,
    coming: Sequence[Fact],
    book: PolicyBook,
    told_in: int,
) -> list[ClockEvent]:
    rules = Rules(standing, state.openings, book, state.next_alarm_us)
    for fact in coming:
        if fact.subject is not None:
            state.openings.append(_opening(fact, book))
            if not standing.cycle:
                rules.begin(state.openings[0], fact.at_us)
        state.rows.append(fact.row)
        rules.take(fact.row)
    state.passed_us = max(state.passed_us, instant_of(state.rows[-1]) - 1)
    return _tell(state, standing, rules.events, told_in)


def _tell(
    state: ConversationClocks, standing: Standing, events: list[ClockEvent], told_in: int
) -> list[ClockEvent]:
    if not events:
        return events  # no clock has changed, so no alarm has
    state.next_alarm_us = standing.next_alarm_us()
    if told_in:
        events = [event._replace(told_in=told_in) for event in events]
        state.elsewhere += events
    return events


def _applied(state: ConversationClocks, taken_back: Iterable[Fact]) -> list[Fact]:
    """Return what is to be dropped; what is settled stays."""
    gone: list[Fact] = []
    for fact in taken_back:
        position = bisect_left(state.rows, fact.row) + sum(one.row == fact.row for one in gone)
        if state.rows[position : position + 1] == [fact.row]:
            gone.append(fact)
        elif state.settled is None or fact.row > state.settled:
            code = code_of(fact.row)
            raise NeverAppliedError(
                f"the fact of code {code} at {fact.at_us} was never applied, "
                "so it cannot be taken back"
            )
    return gone


def _correct(
    state: ConversationClocks,
    coming: Sequence[Fact],
    gone: Sequence[Fact],
    book: PolicyBook,
    told_in: int,
) -> list[ClockEvent]:
    if state.settled is not None:
        coming = [fact for fact in coming if fact.row > state.settled]
    if not coming and not gone:
        return []
    told = holding(state, book) if standing_of(state, book).cycle else []
    for fact in gone:
        del state.rows[bisect_left(state.rows, fact.row)]
        if fact.subject is not None:
            del state.openings[_position_of_opening(state.openings, fact)]
    for fact in coming:
        if fact.subject is not None:
            insort(state.openings, _opening(fact, book), key=_without_policy)
        insort(state.rows, fact.row)
        state.passed_us = max(state.passed_us, fact.at_us - 1)
    changes, holds = corrections(told, _told(state, book), told_in)
    state.elsewhere = [event for event in holds if event.told_in]
    return changes


def _told(state: ConversationClocks, book: PolicyBook) -> list[ClockEvent]:
    """Return the events that the facts lead to, and bring what follows from them up to date."""
    rules = _replayed(state, state.rows, book)
    standing = state.standing = rules.standing
    events = rules.events + settle(standing, state.passed_us)
    state.next_alarm_us = standing.next_alarm_us()
    return events


def _replayed(state: ConversationClocks, rows: Sequence[Row], book: PolicyBook) -> Rules:
    """Return the rules after the first rows, beginning where nothing is remembered before."""
    if state.settled_standing is not None:
        rules = Rules(state.settled_standing.copy(), state.openings, book)
    else:
        rules = Rules(Standing(), state.openings, book)
        if not state.openings:
            return rules
        first = state.openings[0]
        wrote = next((row for row in state.rows if code_of(row) == CUSTOMER_WROTE), first.row)
        rules.begin(first, min(instant_of(first.row), instant_of(wrote)))
    for row in rows:
        rules.take(row)
    return rules


def _settle_early(state: ConversationClocks, book: PolicyBook) -> None:
    """Forget the early facts and what they told: it stays as it is."""
    if not standing_of(state, book).cycle:
        return  # not opened yet: nothing was told
    early = state.rows[:-KEPT_ROWS]
    rules = _replayed(state, early, book)
    state.elsewhere = without(state.elsewhere, rules.events)
    state.settled, state.settled_standing = early[-1], rules.standing
    state.rows = state.rows[-KEPT_ROWS:]
    state.openings = [one for one in state.openings if one.row >= state.settled]


def _opening(fact: Fact, book: PolicyBook) -> Opening:
    assert fact.subject is not None
    policy = book.choose(fact.subject)
    return Opening(fact.row, fact.subject, policy.ref if policy else None)


def _position_of_opening(openings: Sequence[Opening], fact: Fact) -> int:
    """Return which opening of the fact's instant it is: the one of the same subject, if any."""
    first = bisect_left(openings, fact.row, key=_row)
    for position in range(first, len(openings)):
        if _without_policy(openings[position]) == fact:
            return position
    return first


def _without_policy(opening: Opening) -> tuple[object, ...]:
    return opening[:2]
