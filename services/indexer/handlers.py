"""The indexer's use case: turn what passed into documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import Event
from careline.insight.v1.understanding_pb2 import Sentiment
from careline.sla.v1.clocks_pb2 import ClockEventKind
from services.indexer.bodies import details_of, named, names
from services.indexer.domain.conversations import ConversationState, updated
from services.indexer.domain.documents import Document, Position
from services.indexer.domain.events import event_document, run_document
from services.indexer.domain.occurrence import ClockEvent, ConversationPart, Fact, Occurrence
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import table_of

CONVERSATIONS = table_of("conversations", ConversationState)

# Elasticsearch takes no longer id.
_LONGEST_ID_BYTES = 512


_FACT_KINDS: Final = names("FACT_KIND_", FactKind.items())
_CLOCK_EVENT_KINDS: Final = names("CLOCK_EVENT_KIND_", ClockEventKind.items())
_SENTIMENTS: Final = names("SENTIMENT_", Sentiment.items())

# They move time and nothing else.
_SILENT_BODIES: Final = frozenset({"tick", "timeline_started", "evidence_found"})


@dataclass(frozen=True, slots=True)
class ConversationChanged:
    """The effect of an event on its conversation; only the last of a group is worth writing."""

    state: ConversationState


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The effect of a replay's end: to be written when all before it can be found."""

    document: Document


class IndexEvents(Stage):
    """Every event that is about something becomes a document, and changes its conversation's."""

    def __init__(self) -> None:
        self._record = (-1, -1)
        self._index = 0

    def on_event(self, event: Event, turn: Turn) -> None:
        position = self._position(turn)
        body = event.WhichOneof("body")
        if body in _SILENT_BODIES:
            return
        if body == "timeline_ended":
            turn.effect(_run_ended(event, position))
            return
        occurrence = occurrence_of(event, body or "unspecified")
        try:
            document = event_document(occurrence, position)
        except (ValueError, OverflowError) as error:
            raise InvalidEventError(f"the event cannot be indexed: {error}") from error
        turn.effect(document)
        self._change_conversation(occurrence, position, turn)

    def on_revoke(self) -> None:
        self._record = (-1, -1)

    def _position(self, turn: Turn) -> Position:
        """Count the events within the record: the log's own order, hence the same on replay."""
        record = (turn.partition, turn.offset)
        self._index = self._index + 1 if record == self._record else 0
        self._record = record
        return Position(turn.partition, turn.offset, self._index)

    def _change_conversation(self, occurrence: Occurrence, position: Position, turn: Turn) -> None:
        part = occurrence.conversation
        if part is None:
            return
        table = turn.table(CONVERSATIONS)
        state = updated(table.get(part.conversation_id), occurrence, part, position)
        table.put(part.conversation_id, state)
        turn.effect(ConversationChanged(state))


def _run_ended(event: Event, position: Position) -> RunEnded:
    ended = event.timeline_ended
    if not ended.run_id:
        raise InvalidEventError("the timeline's end names no run")
    _check_id("run_id", ended.run_id)
    return RunEnded(
        run_document(
            ended.run_id,
            event.timeline,
            accepted=ended.accepted,
            duplicates=ended.duplicates,
            position=position,
        )
    )


def occurrence_of(event: Event, kind: str) -> Occurrence:
    """Translate an event; raise :class:`InvalidEventError` where it has no identity."""
    if not event.event_id or not event.organisation_id:
        raise InvalidEventError("the event has no event_id or no organisation_id")
    understanding = event.understanding
    understood = event.HasField("understanding")
    return Occurrence(
        event_id=event.event_id,
        organisation_id=event.organisation_id,
        channel=event.channel,
        timeline=event.timeline,
        kind=kind,
        occurred_at_us=event.occurred_at_us,
        accepted_at_us=event.accepted_at_us,
        brand_id=event.conversation.brand_id or event.sla.brand_id or event.brand_id,
        account_id=event.account_id,
        thread_key=event.thread_key,
        party_key=event.party_key,
        customer_id=_customer_of(event),
        language=understanding.language,
        sentiment=named(_SENTIMENTS, understanding.sentiment),
        sentiment_score=understanding.sentiment_score if understood else None,
        conversation=_conversation_part(event),
        clock_events=_clock_events(event),
        **details_of(event, kind),
    )


def _customer_of(event: Event) -> str:
    if event.WhichOneof("body") == "party_assigned":
        return event.party_assigned.customer_id
    return event.assignment.customer_id or event.conversation.customer_id


def _conversation_part(event: Event) -> ConversationPart | None:
    told = event.conversation
    conversation_id = told.conversation_id or event.sla.conversation_id
    if not conversation_id:
        return None
    _check_id("conversation_id", conversation_id)
    return ConversationPart(
        conversation_id=conversation_id,
        ordinal=told.ordinal,
        customer_id=told.customer_id,
        status=told.status,
        priority=told.priority,
        assignee=told.assignee,
        facts=_facts(event),
    )


def _facts(event: Event) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            kind=named(_FACT_KINDS, told.kind),
            sign=told.sign,
            at_us=told.at_us,
            duration_us=told.duration_us,
            status=told.status,
        )
        for told in event.conversation.facts
    )


def _clock_events(event: Event) -> tuple[ClockEvent, ...]:
    return tuple(
        ClockEvent(
            clock=told.clock,
            cycle=told.cycle,
            kind=named(_CLOCK_EVENT_KINDS, told.kind),
            sign=told.sign,
            at_us=told.at_us,
            due_at_us=told.due_at_us,
            elapsed_us=told.elapsed_us,
            target_us=told.target_us,
            policy_id=told.policy_id,
            policy_version=told.policy_version,
        )
        for told in event.sla.events
    )


def _check_id(name: str, value: str) -> None:
    if len(value.encode()) > _LONGEST_ID_BYTES:
        raise InvalidEventError(f"{name} is longer than {_LONGEST_ID_BYTES} bytes")
