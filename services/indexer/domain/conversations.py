"""A conversation as its events told it so far, and its document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from services.indexer.domain.documents import Document, Position, iso, make_document, present
from services.indexer.domain.occurrence import ClockEvent, ConversationPart, Fact, Occurrence

_SECOND_US = 1_000_000

# Facts that happen a few times in a conversation's life. Each is kept, so that a correction, which
# takes one back and puts another in its place, leaves what is true.
_MARKED = frozenset({"opened", "first_response", "solved", "reopened", "closed"})


class Mark(NamedTuple):
    """A kept fact; ``net`` sums the signs of equal ones and is never 0."""

    kind: str
    at_us: int
    duration_us: int
    net: int


@dataclass(frozen=True, slots=True)
class ConversationState:
    """``first`` and ``last`` are the places of its first and last events in the log."""

    conversation_id: str
    organisation_id: str
    channel: str
    thread_key: str
    timeline: str
    first: Position
    last: Position
    last_event_at_us: int
    brand_id: str = ""
    account_id: str = ""
    ordinal: int = 0
    customer_id: str = ""
    status: str = ""
    priority: str = ""
    assignee: str = ""
    marks: tuple[Mark, ...] = ()
    # 0 before any. A message that was taken back leaves the count, not the instant.
    first_contact_at_us: int = 0
    contacts: int = 0
    replies: int = 0
    events: int = 0
    warnings: int = 0
    breaches: int = 0


def updated(
    state: ConversationState | None,
    occurrence: Occurrence,
    part: ConversationPart,
    position: Position,
) -> ConversationState:
    """Return the state after one more event; None is the state before the first."""
    facts = part.facts
    known = state or _opening(part.conversation_id, occurrence, position)
    clocks = occurrence.clock_events
    return ConversationState(
        conversation_id=known.conversation_id,
        organisation_id=known.organisation_id,
        channel=known.channel,
        thread_key=known.thread_key,
        timeline=known.timeline,
        first=known.first,
        last=position,
        last_event_at_us=max(known.last_event_at_us, occurrence.occurred_at_us),
        brand_id=occurrence.brand_id or known.brand_id,
        account_id=occurrence.account_id or known.account_id,
        ordinal=part.ordinal or known.ordinal,
        customer_id=part.customer_id or known.customer_id,
        status=part.status or known.status,
        priority=part.priority or known.priority,
        assignee=part.assignee or known.assignee,
        marks=_marked(known.marks, facts),
        first_contact_at_us=_earliest_contact(known.first_contact_at_us, facts),
        contacts=known.contacts + _net(facts, "contact"),
        replies=known.replies + _net(facts, "reply"),
        events=known.events + 1,
        warnings=known.warnings + _net(clocks, "warned"),
        breaches=known.breaches + _net(clocks, "breached") + _net(clocks, "withdrawn"),
    )


def _opening(conversation_id: str, occurrence: Occurrence, position: Position) -> ConversationState:
    return ConversationState(
        conversation_id=conversation_id,
        organisation_id=occurrence.organisation_id,
        channel=occurrence.channel,
        thread_key=occurrence.thread_key,
        timeline=occurrence.timeline,
        first=position,
        last=position,
        last_event_at_us=occurrence.occurred_at_us,
    )


def _net(events: Iterable[Fact] | Iterable[ClockEvent], kind: str) -> int:
    return sum(event.sign for event in events if event.kind == kind)


def _earliest_contact(known_us: int, facts: Iterable[Fact]) -> int:
    instants = [fact.at_us for fact in facts if fact.kind == "contact" and fact.sign > 0]
    return min([known_us, *instants] if known_us else instants, default=0)


def _marked(marks: tuple[Mark, ...], facts: Iterable[Fact]) -> tuple[Mark, ...]:
    nets: dict[tuple[str, int, int], int] = {}
    for fact in facts:
        if fact.kind in _MARKED:
            key = (fact.kind, fact.at_us, fact.duration_us)
            nets[key] = nets.get(key, 0) + fact.sign
    if not nets:
        return marks
    for mark in marks:
        key = (mark.kind, mark.at_us, mark.duration_us)
        nets[key] = nets.get(key, 0) + mark.net
    return tuple(Mark(*key, net) for key, net in sorted(nets.items()) if net)


def conversation_document(state: ConversationState) -> Document:
    standing: dict[str, list[Mark]] = {}
    for mark in state.marks:
        if mark.net > 0:
            standing.setdefault(mark.kind, []).append(mark)
    reply = _first(standing, "first_response")
    solved = _last(standing, "solved")
    content = {
        "conversation_id": state.conversation_id,
        "organisation_id": state.organisation_id,
        "brand_id": state.brand_id,
        "channel": state.channel,
        "account_id": state.account_id,
        "timeline": state.timeline,
        "thread_key": state.thread_key,
        "ordinal": state.ordinal,
        "customer_id": state.customer_id,
        "status": state.status,
        "priority": state.priority,
        "assignee": state.assignee,
        "opened_at": _iso_of(_first(standing, "opened")),
        "first_contact_at": iso(state.first_contact_at_us) if state.first_contact_at_us else None,
        "first_reply_at": _iso_of(reply),
        "first_response_seconds": reply.duration_us / _SECOND_US if reply else None,
        "solved_at": _iso_of(solved),
        "resolution_seconds": solved.duration_us / _SECOND_US if solved else None,
        "closed_at": _iso_of(_last(standing, "closed")),
        "last_event_at": iso(state.last_event_at_us),
        "contacts": state.contacts,
        "replies": state.replies,
        "reopens": sum(mark.net for mark in standing.get("reopened", [])),
        "events": state.events,
        "warnings": state.warnings,
        "breaches": state.breaches,
    }
    return make_document("conversations", state.conversation_id, present(content), state.last)


def _first(standing: dict[str, list[Mark]], kind: str) -> Mark | None:
    return next(iter(standing.get(kind, [])), None)


def _last(standing: dict[str, list[Mark]], kind: str) -> Mark | None:
    return next(reversed(standing.get(kind, [])), None)


def _iso_of(mark: Mark | None) -> str | None:
    return None if mark is None else iso(mark.at_us)
