"""The clocks' part of events, and the events that clocks tell by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from careline.event.v1.event_pb2 import Event
from careline.sla.v1.clocks_pb2 import ClockEventKind
from services.sla.domain.events import ClockEvent
from services.sla.tables import ClockedConversation

_KINDS: Final[dict[str, ClockEventKind.ValueType]] = {
    "policy_applied": ClockEventKind.CLOCK_EVENT_KIND_POLICY_APPLIED,
    "activated": ClockEventKind.CLOCK_EVENT_KIND_ACTIVATED,
    "paused": ClockEventKind.CLOCK_EVENT_KIND_PAUSED,
    "resumed": ClockEventKind.CLOCK_EVENT_KIND_RESUMED,
    "fulfilled": ClockEventKind.CLOCK_EVENT_KIND_FULFILLED,
    "warned": ClockEventKind.CLOCK_EVENT_KIND_WARNED,
    "breached": ClockEventKind.CLOCK_EVENT_KIND_BREACHED,
    "withdrawn": ClockEventKind.CLOCK_EVENT_KIND_WITHDRAWN,
}


def attach(
    event: Event,
    conversation_id: str,
    brand_id: str,
    channel: str,
    clock_events: Iterable[ClockEvent],
) -> None:
    """Set the event's clocks part; the clock events count for this brand and its timeline."""
    part = event.sla
    part.conversation_id = conversation_id
    part.brand_id = brand_id
    part.channel = channel
    add = part.events.add
    for (
        kind,
        clock,
        cycle,
        at_us,
        due_at_us,
        elapsed_us,
        target_us,
        policy,
        sign,
        _,
    ) in clock_events:
        add(
            clock=clock,
            cycle=cycle,
            kind=_KINDS[kind],
            sign=sign,
            at_us=at_us,
            due_at_us=due_at_us,
            elapsed_us=elapsed_us,
            target_us=target_us,
            policy_id=policy.policy_id,
            policy_version=policy.policy_version,
        )


def timer_event(
    conversation_id: str, known: ClockedConversation, timeline: str, clock_event: ClockEvent
) -> Event:
    """Return the event of a warning or a breach that time brought."""
    at_us = clock_event.at_us
    name = f"{clock_event.clock}.{clock_event.cycle}.{clock_event.kind}"
    event = _event(
        conversation_id,
        known,
        event_id=f"sla/{conversation_id}/{name}/{at_us}",
        brand_id=known.brand_id,
        timeline=timeline,
        at_us=at_us,
    )
    event.accepted_at_us = at_us
    event.timer_elapsed.timer_id = f"{conversation_id}/{name}"
    attach(event, conversation_id, known.brand_id, known.channel, (clock_event,))
    return event


def corrections(
    cause: Event,
    conversation_id: str,
    known: ClockedConversation,
    clock_events: Iterable[ClockEvent],
) -> Iterable[Event]:
    """Yield the events that take back what was told for another brand or in another timeline.

    They have no body: nothing happened but that ``cause`` arrived. They never move the other
    timeline's time beyond what it has seen.
    """
    groups: dict[int, list[ClockEvent]] = {}
    for one in clock_events:
        groups.setdefault(one.told_in, []).append(one)
    for number, (place, group) in enumerate(groups.items()):
        brand_id, timeline = known.places[place]
        event = _event(
            conversation_id,
            known,
            event_id=f"sla/{conversation_id}/{cause.event_id}/{number}",
            brand_id=brand_id,
            timeline=timeline,
            at_us=min(cause.occurred_at_us, *[one.at_us for one in group]),
        )
        event.accepted_at_us = cause.accepted_at_us
        event.traceparent = cause.traceparent
        attach(event, conversation_id, brand_id, known.channel, group)
        yield event


def _event(
    conversation_id: str,
    known: ClockedConversation,
    *,
    event_id: str,
    brand_id: str,
    timeline: str,
    at_us: int,
) -> Event:
    event = Event(
        event_id=event_id,
        organisation_id=known.organisation_id,
        brand_id=brand_id,
        channel=known.channel,
        account_id=known.account_id,
        timeline=timeline,
        occurred_at_us=at_us,
        thread_key=known.thread_key,
    )
    part = event.conversation
    part.conversation_id = conversation_id
    part.ordinal = known.ordinal
    part.brand_id = brand_id
    part.channel = known.channel
    return event
