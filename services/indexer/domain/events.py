"""The document of an event, and of a run's end."""

from __future__ import annotations

from typing import Any

from services.indexer.domain.documents import (
    Document,
    Position,
    event_document_id,
    iso,
    make_document,
    present,
)
from services.indexer.domain.occurrence import ClockEvent, Fact, Occurrence

_SECOND_US = 1_000_000


def event_document(occurrence: Occurrence, position: Position) -> Document:
    """Raise ``ValueError`` or ``OverflowError`` where a value has no place in an index."""
    part = occurrence.conversation
    content = {
        "event_id": occurrence.event_id,
        "organisation_id": occurrence.organisation_id,
        "brand_id": occurrence.brand_id,
        "channel": occurrence.channel,
        "account_id": occurrence.account_id,
        "timeline": occurrence.timeline,
        "thread_key": occurrence.thread_key,
        "conversation_id": part.conversation_id if part else "",
        "customer_id": occurrence.customer_id,
        "party_key": occurrence.party_key,
        "occurred_at": iso(occurrence.occurred_at_us),
        "accepted_at": iso(occurrence.accepted_at_us) if occurrence.accepted_at_us else None,
        "kind": occurrence.kind,
        "subject": occurrence.subject,
        "message_id": occurrence.message_id,
        "reply_to_message_id": occurrence.reply_to_message_id,
        "about_message_ids": list(occurrence.about_message_ids),
        "reply_id": occurrence.reply_id,
        "code": occurrence.code,
        "reason": occurrence.reason,
        "object_id": occurrence.object_id,
        "duration_seconds": occurrence.duration_us / _SECOND_US if occurrence.duration_us else None,
        "score": occurrence.score,
        "author_kind": occurrence.author_kind,
        "text": occurrence.text,
        "language": occurrence.language,
        "sentiment": occurrence.sentiment,
        "sentiment_score": occurrence.sentiment_score,
        "status": part.status if part else "",
        "priority": part.priority if part else "",
        "assignee": part.assignee if part else "",
        "facts": [_fact(fact) for fact in part.facts] if part else [],
        "clock_events": [_clock_event(event) for event in occurrence.clock_events],
    }
    document_id = event_document_id(
        occurrence.organisation_id, occurrence.channel, occurrence.event_id
    )
    return make_document("events", document_id, present(content), position)


def _fact(fact: Fact) -> dict[str, Any]:
    content = {
        "kind": fact.kind,
        "sign": fact.sign,
        "at": iso(fact.at_us),
        "duration_seconds": fact.duration_us / _SECOND_US,
        "status": fact.status,
    }
    return present(content)


def _clock_event(event: ClockEvent) -> dict[str, Any]:
    content = {
        "clock": event.clock,
        "cycle": event.cycle,
        "kind": event.kind,
        "sign": event.sign,
        "at": iso(event.at_us),
        "due_at": iso(event.due_at_us) if event.due_at_us else None,
        "elapsed_seconds": event.elapsed_us / _SECOND_US,
        "target_seconds": event.target_us / _SECOND_US,
        "policy_id": event.policy_id,
        "policy_version": event.policy_version,
    }
    return present(content)


def run_document(
    run_id: str, timeline: str, *, accepted: int, duplicates: int, position: Position
) -> Document:
    """Tell a run's end in one partition: once it is there, so is all that the run brought."""
    content = {
        "run_id": run_id,
        "timeline": timeline,
        "partition": position.partition,
        "accepted": accepted,
        "duplicates": duplicates,
    }
    return make_document("runs", f"{run_id}-{position.partition}", content, position)
