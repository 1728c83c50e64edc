"""A reply on its way from the thread to its account's sender."""

from __future__ import annotations

from typing import Final

from careline.event.v1.event_pb2 import Event
from services.conversation.domain.acknowledging import LIVE
from services.conversation.domain.conversation import Conversation
from services.kernel.lane.stage import InvalidEventError, Turn
from services.kernel.partitioning import partition_of
from services.kernel.topics import topic

REPLIES_TOPIC: Final = "channel.reply-requested.v1"


def hand_over(event: Event, known: Conversation | None, turn: Turn) -> None:
    """Send the request to the account that the customer wrote to, with what the thread knows."""
    if not event.reply_requested.reply_id:
        raise InvalidEventError(f"the reply {event.event_id!r} has no id: its sender must give one")
    if event.timeline != LIVE:
        # What is replayed was answered then: nothing of it goes out.
        return
    request = Event(
        event_id=event.event_id,
        organisation_id=event.organisation_id,
        brand_id=event.brand_id,
        channel=event.channel,
        account_id=event.account_id,
        timeline=event.timeline,
        occurred_at_us=event.occurred_at_us,
        accepted_at_us=event.accepted_at_us,
        thread_key=event.thread_key,
        traceparent=event.traceparent,
        reply_requested=event.reply_requested,
    )
    if known is not None:
        last = known.last_contact
        request.brand_id = request.brand_id or known.brand_id
        if last.account_id:
            # Whoever asks writes to an address of their own; the answer is this account's.
            request.account_id = event.account_id = last.account_id
        asked = request.reply_requested
        asked.reply_address = asked.reply_address or last.reply_address
        asked.last_customer_message_id = last.message_id
        asked.last_customer_at_us = last.at_us
    account = f"{request.organisation_id}/{request.channel}/{request.account_id}"
    turn.send(REPLIES_TOPIC, partition_of(account, topic(REPLIES_TOPIC).partitions), request)
