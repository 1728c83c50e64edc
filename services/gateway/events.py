"""From the gateway's own words to the event that travels along the lanes."""

from __future__ import annotations

from careline.event.v1.event_pb2 import (
    AuthorKind,
    ConversationStatus,
    Event,
    Identifier,
    Message,
    StatusChanged,
    Tick,
    Unrecognised,
)
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import (
    IncomingEvent,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)
from services.gateway.domain.keys import PartyKeys, thread_key
from services.gateway.domain.ticking import LIVE, live_tick_id

AUTHOR_KINDS = {
    "customer": AuthorKind.AUTHOR_KIND_CUSTOMER,
    "agent": AuthorKind.AUTHOR_KIND_AGENT,
    "bot": AuthorKind.AUTHOR_KIND_BOT,
}
STATUSES = {
    "new": ConversationStatus.CONVERSATION_STATUS_NEW,
    "open": ConversationStatus.CONVERSATION_STATUS_OPEN,
    "pending": ConversationStatus.CONVERSATION_STATUS_PENDING,
    "on_hold": ConversationStatus.CONVERSATION_STATUS_ON_HOLD,
    "solved": ConversationStatus.CONVERSATION_STATUS_SOLVED,
    "closed": ConversationStatus.CONVERSATION_STATUS_CLOSED,
}


def to_event(
    incoming: IncomingEvent,
    account: Account,
    *,
    accepted_at_us: int,
    traceparent: str,
    party_keys: PartyKeys,
) -> Event:
    """Build a live event. What claims to lie in the future happened when it was accepted.

    The id names channel and account, because platforms number each account's events by themselves.
    An event without a thread is keyed by its account, so that its repeats meet in one partition.
    """
    occurred_at_us = incoming.occurred_at_us
    event = Event(
        event_id=f"{account.channel}:{account.account}:{incoming.event_id}",
        organisation_id=account.organisation,
        brand_id=incoming.brand_id or account.brand,
        channel=incoming.channel,
        account_id=account.account,
        timeline=LIVE,
        occurred_at_us=accepted_at_us
        if occurred_at_us is None
        else min(occurred_at_us, accepted_at_us),
        accepted_at_us=accepted_at_us,
        thread_key=thread_key(
            account.organisation, incoming.channel, incoming.thread_id or account.account
        ),
        party_key=party_keys.of(account.organisation, incoming.channel, incoming.author_id),
        traceparent=traceparent,
    )
    _set_body(event, incoming)
    return event


def _set_body(event: Event, incoming: IncomingEvent) -> None:
    match incoming.body:
        case WrittenMessage() as written:
            event.message.CopyFrom(
                Message(
                    message_id=written.message_id,
                    author_kind=AUTHOR_KINDS[written.author_kind],
                    author_name=written.author_name,
                    text=written.text,
                    reply_to_message_id=written.reply_to_message_id,
                    language_hint=written.language_hint,
                    identifiers=[
                        Identifier(kind=one.kind, value=one.value) for one in written.identifiers
                    ],
                    edited=written.edited,
                )
            )
        case StatusChange() as change:
            event.status_changed.CopyFrom(
                StatusChanged(
                    status=STATUSES[change.status],
                    assignee=change.assignee,
                    priority=change.priority,
                )
            )
        case UnrecognisedEvent() as unknown:
            event.unrecognised.CopyFrom(Unrecognised(type=unknown.type, payload=unknown.payload))


def live_tick(partition: int, now_us: int) -> Event:
    return Event(
        event_id=live_tick_id(partition, now_us),
        timeline=LIVE,
        occurred_at_us=now_us,
        accepted_at_us=now_us,
        tick=Tick(),
    )
