"""From the gateway's own words to the event that travels along the lanes."""

from __future__ import annotations

from hashlib import sha256

from careline.event.v1.event_pb2 import Event, Tick
from services.gateway.bodies import BlobRefs, set_body
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent
from services.gateway.domain.keys import PartyKeys, thread_key
from services.gateway.domain.ticking import LIVE, live_tick_id


def event_id_of(incoming: IncomingEvent, account: Account) -> str:
    """Return the id: with channel and account, for platforms number each account by itself."""
    return f"{account.channel}:{account.account}:{incoming.event_id}"


def thread_key_of(incoming: IncomingEvent, account: Account) -> str:
    """Return the lane key: an event without a thread goes with its account, and so do repeats."""
    return thread_key(account.organisation, incoming.channel, incoming.thread_id or account.account)


def to_event(
    incoming: IncomingEvent,
    account: Account,
    *,
    accepted_at_us: int,
    traceparent: str,
    party_keys: PartyKeys,
    blobs: BlobRefs,
    raw_ref: str = "",
) -> Event:
    """Build a live event. What claims to lie in the future happened when it was accepted."""
    occurred_at_us = incoming.occurred_at_us
    event = Event(
        event_id=event_id_of(incoming, account),
        organisation_id=account.organisation,
        brand_id=incoming.brand_id or account.brand,
        channel=incoming.channel,
        account_id=account.account,
        timeline=LIVE,
        occurred_at_us=accepted_at_us
        if occurred_at_us is None
        else min(occurred_at_us, accepted_at_us),
        accepted_at_us=accepted_at_us,
        thread_key=thread_key_of(incoming, account),
        party_key=party_keys.of(account.organisation, incoming.channel, incoming.author_id),
        traceparent=traceparent,
        raw_ref=raw_ref,
    )
    set_body(event, incoming.body, blobs)
    return event


def unreadable(incoming: IncomingEvent, reason: str) -> IncomingEvent:
    """Return what is recorded of an event that holds what no event can: its parser has a bug.

    The others of its request go on, and nobody meets it again and again.
    """
    told = repr(incoming.body).encode(errors="backslashreplace")
    kind = f"{type(incoming.body).__name__}.unreadable"
    digest = sha256(incoming.event_id.encode(errors="surrogatepass")).hexdigest()
    body = UnrecognisedEvent(kind, told, reason)
    return IncomingEvent(digest, incoming.channel, "", body, None)


def live_tick(partition: int, now_us: int) -> Event:
    return Event(
        event_id=live_tick_id(partition, now_us),
        timeline=LIVE,
        occurred_at_us=now_us,
        accepted_at_us=now_us,
        tick=Tick(),
    )
