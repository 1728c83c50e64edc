"""The conversation's part of events, and the events that a conversation tells by itself."""

from __future__ import annotations

from collections.abc import Iterable

from careline.event.v1.event_pb2 import Event, TimerElapsed
from services.conversation.domain.acknowledging import LIVE
from services.conversation.domain.conversation import Conversation
from services.conversation.domain.facts import Fact, Told


def attach(
    event: Event,
    conversation: Conversation,
    brand_id: str,
    facts: Iterable[Fact] = (),
    taken_back: Iterable[Told] = (),
) -> None:
    """Set the event's conversation part; the facts count for this brand and its timeline."""
    part = event.conversation
    part.conversation_id = conversation.conversation_id
    part.ordinal = conversation.ordinal
    part.channel = conversation.channel
    part.status = conversation.status
    if conversation.customer_id:
        part.customer_id = conversation.customer_id
    if brand_id:
        part.brand_id = brand_id
    if conversation.priority:
        part.priority = conversation.priority
    if conversation.assignee:
        part.assignee = conversation.assignee
    add = part.facts.add
    for kind, at_us, duration_us, status, _, _ in taken_back:
        add(kind=kind, sign=-1, at_us=at_us, duration_us=duration_us, status=status)
    for kind, at_us, duration_us, status in facts:
        fact = add(kind=kind, sign=1, at_us=at_us)
        if duration_us:
            fact.duration_us = duration_us
        if status:
            fact.status = status


def timer_event(conversation: Conversation, timer_id: str, due_at_us: int) -> Event:
    """Return the event of a conversation's closing by time; its part is still to be attached."""
    event = _event(
        conversation,
        event_id=f"conversation/{conversation.conversation_id}/closed/{due_at_us}",
        brand_id=conversation.brand_id,
        timeline=conversation.closes_timeline,
        occurred_at_us=due_at_us,
    )
    event.accepted_at_us = due_at_us
    event.timer_elapsed.CopyFrom(TimerElapsed(timer_id=timer_id))
    return event


def acknowledgement_event(conversation: Conversation, at_us: int) -> Event:
    """Return the event of a conversation's acknowledgement; its body is still to be set."""
    event = _event(
        conversation,
        event_id=f"conversation/{conversation.conversation_id}/acknowledged",
        brand_id=conversation.brand_id,
        timeline=LIVE,
        occurred_at_us=at_us,
    )
    event.accepted_at_us = at_us
    return event


def corrections(
    cause: Event, conversation: Conversation, taken_back: Iterable[Told]
) -> Iterable[Event]:
    """Yield the events that take back what was told for another brand or in another timeline.

    They have no body: nothing happened but that ``cause`` arrived. They never move the other
    timeline's time beyond what it has seen.
    """
    groups: dict[tuple[str, str], list[Told]] = {}
    for fact in taken_back:
        groups.setdefault(fact[4:], []).append(fact)
    for number, ((brand_id, timeline), group) in enumerate(groups.items()):
        event = _event(
            conversation,
            event_id=f"conversation/{conversation.conversation_id}/{cause.event_id}/{number}",
            brand_id=brand_id,
            timeline=timeline,
            occurred_at_us=min(cause.occurred_at_us, *[fact[1] for fact in group]),
        )
        event.accepted_at_us = cause.accepted_at_us
        event.account_id = cause.account_id
        event.traceparent = cause.traceparent
        attach(event, conversation, brand_id, taken_back=group)
        yield event


def _event(
    conversation: Conversation, *, event_id: str, brand_id: str, timeline: str, occurred_at_us: int
) -> Event:
    return Event(
        event_id=event_id,
        organisation_id=conversation.organisation_id,
        brand_id=brand_id,
        channel=conversation.channel,
        timeline=timeline,
        occurred_at_us=occurred_at_us,
        thread_key=conversation.thread_key,
    )
