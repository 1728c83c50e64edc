"""The gateway's use case: take a request in, or say why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import structlog
from prometheus_client import Counter

from careline.event.v1.event_pb2 import Event
from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
)
from services.gateway.domain.incoming import (
    IncomingBody,
    IncomingEvent,
    PullDue,
    ReplyRequest,
    UnrecognisedEvent,
    WrittenMessage,
)
from services.gateway.domain.keys import PartyKeys, is_name
from services.gateway.domain.repeats import RecentEvents
from services.gateway.events import event_id_of, to_event, unreadable
from services.gateway.fitting import LARGEST_RAW_BYTES, fit
from services.gateway.parsing import ParserFailedError, parse
from services.gateway.payloads import payload_of, request_of
from services.gateway.ports import EventPublisher
from services.gateway.ports_media import BlobStore
from services.gateway.records import PAYLOADS
from services.gateway.refusing import Refusals, Tally, labels_of, require_secret
from services.kernel.clock import Clock
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)


class UnknownAccountError(Exception):
    """The address names no account of the accounts file."""


@dataclass(frozen=True, slots=True)
class Accepted:
    accepted: int = 0
    duplicates: int = 0
    # Not understood, and kept as a dead letter.
    kept: bool = False


OnPullDue = Callable[[Account, PullDue], None]
OnPublished = Callable[[Account, Iterable[IncomingEvent]], None]


class RequestIntake:
    def __init__(
        self,
        accounts: Accounts,
        publisher: EventPublisher,
        clock: Clock,
        party_keys: PartyKeys,
        *,
        recent: RecentEvents,
        blobs: BlobStore,
    ) -> None:
        self._accounts = accounts
        self._publisher = publisher
        self._clock = clock
        self._party_keys = party_keys
        self._recent = recent
        self._blobs = blobs
        self._tallies = {_address(account): Tally() for account in accounts}
        self._on_pull_due: OnPullDue | None = None
        self._on_published: OnPublished | None = None
        self._counters: dict[str, Counter] = {}

    def on_pull_due(self, wake: OnPullDue) -> None:
        """Name who is told when a platform says that something can be pulled."""
        self._on_pull_due = wake

    def on_published(self, notice: OnPublished) -> None:
        """Name who is told of what is durable now; it must return at once."""
        self._on_published = notice

    def tally(self, account: Account) -> Tally:
        return self._tallies[_address(account)]

    def find(self, channel: str, organisation: str, account: str) -> Account:
        """Return the account that an address names, before a byte of the body is read."""
        found = self._accounts.find(channel, organisation, account)
        if found is None:
            log.warning(
                "no such account",
                channel=channel,
                organisation=organisation if is_name(organisation) else "(not a name)",
                account=account if is_name(account) else "(not a name)",
            )
            raise UnknownAccountError
        return found

    def greet(self, channel: Channel, account: Account, request: InboundRequest) -> Answer | None:
        """Answer a handshake; None when it is none. Raise as ``accept`` does for who sends."""
        with Refusals(self.tally(account), account):
            require_secret(account)
            return channel.handshake(request, account.settings, self._clock.now_us())

    async def accept(
        self, channel: Channel, account: Account, request: InboundRequest, traceparent: str
    ) -> Accepted:
        """Verify, parse and publish; return once everything is durable.

        Raise ``NoSecretError`` or ``RefusedError`` for who sends, ``InvalidRequestError`` for what
        is sent where the sender can mend it, ``UnavailableError`` when it cannot be kept now.
        """
        now_us = self._clock.now_us()
        with Refusals(self.tally(account), account):
            require_secret(account)
            request = channel.verify(request, account.settings, now_us)
        payload = payload_of(account, request, now_us)
        try:
            incoming = await parse(channel, request)
        except (InvalidRequestError, ParserFailedError) as error:
            place = error.place if isinstance(error, InvalidRequestError) else ""
            log.warning("request not understood", place=place, **labels_of(account))
            if channel.strict:
                raise
            await self._publisher.keep_letter(payload, str(error))
            return Accepted(kept=True)
        return await self._publish(account, incoming, payload, traceparent)

    async def take(
        self, account: Account, events: Sequence[IncomingEvent], raw: bytes = b""
    ) -> Accepted:
        """Publish what a source fetched or the web chat heard; return once it is durable.

        ``raw``: what the events came in. Raise ``UnavailableError`` when it cannot be kept now.
        """
        payload = payload_of(account, InboundRequest(raw), self._clock.now_us()) if raw else None
        return await self._publish(account, events, payload, "")

    async def retake(self, channel: Channel | None, payload: Payload) -> Accepted:
        """Give what was not understood another chance; a letter again when it still is not.

        ``channel``: None where this version has none of the payload's kind.
        """
        account = self._accounts.find(payload.channel, payload.organisation_id, payload.account_id)
        if channel is None or account is None:
            missing = "channel" if channel is None else "account"
            await self._publisher.keep_letter(payload, f"there is no such {missing} here")
            return Accepted(kept=True)
        try:
            incoming = await parse(channel, request_of(payload))
        except (InvalidRequestError, ParserFailedError) as error:
            await self._publisher.keep_letter(payload, str(error))
            return Accepted(kept=True)
        return await self._publish(account, incoming, payload, "")

    async def _publish(
        self,
        account: Account,
        incoming: Sequence[IncomingEvent],
        payload: Payload | None,
        traceparent: str,
    ) -> Accepted:
        fresh = self._fresh(account, incoming)
        if not fresh:
            return Accepted(0, len(incoming))
        accepted_at_us = self._clock.now_us()
        raw_ref, payload = await self._raw_ref(payload)
        events = [
            await self._event(one, account, accepted_at_us, traceparent, raw_ref)
            for one in fresh.values()
        ]
        await self._publisher.publish(events, payload)
        for event_id in fresh:
            self._recent.add(account.organisation, event_id)
        self._count(account, len(fresh))
        if self._on_published is not None:
            self._on_published(account, fresh.values())
        return Accepted(len(fresh), len(incoming) - len(fresh))

    async def _event(
        self,
        incoming: IncomingEvent,
        account: Account,
        accepted_at_us: int,
        traceparent: str,
        raw_ref: str,
    ) -> Event:
        blobs = await self._keep_attachments(incoming.body)

        def built(one: IncomingEvent) -> Event:
            return to_event(
                one,
                account,
                accepted_at_us=accepted_at_us,
                traceparent=traceparent,
                party_keys=self._party_keys,
                blobs=blobs,
                raw_ref=raw_ref,
            )

        try:
            event = built(incoming)
        except (LookupError, TypeError, ValueError) as error:
            log.exception("an event cannot be told", **labels_of(account))
            event = built(unreadable(incoming, type(error).__name__))
        await fit(event, self._blobs)
        return event

    def _count(self, account: Account, fresh: int) -> None:
        self.tally(account).accepted += fresh
        counter = self._counters.get(account.channel)
        if counter is None:
            counter = metrics.GATEWAY_EVENTS.labels(channel=account.channel)
            self._counters[account.channel] = counter
        counter.inc(fresh)

    def _fresh(
        self, account: Account, incoming: Sequence[IncomingEvent]
    ) -> dict[str, IncomingEvent]:
        """Return what is to be published, by event id; wake whoever pulls what is not."""
        fresh: dict[str, IncomingEvent] = {}
        for one in incoming:
            match one.body:
                case PullDue():
                    if self._on_pull_due is not None:
                        self._on_pull_due(account, one.body)
                    continue
                case UnrecognisedEvent():
                    log.info(
                        "event of an unknown type recorded",
                        type=one.body.type,
                        reason=one.body.reason,
                        **labels_of(account),
                    )
            event_id = event_id_of(one, account)
            if not self._recent.has(account.organisation, event_id):
                fresh[event_id] = one
        return fresh

    async def _raw_ref(self, payload: Payload | None) -> tuple[str, Payload | None]:
        """Say where the payload will be found; the large ones are in the blob store already."""
        if payload is None:
            return "", None
        if len(payload.body) > LARGEST_RAW_BYTES:
            return await self._blobs.put(payload.body), None
        digest = blake2b(payload.body, digest_size=16).hexdigest()
        return f"{PAYLOADS}/{payload.received_at_us}/{digest}", payload

    async def _keep_attachments(self, body: IncomingBody) -> Mapping[int, str]:
        if not isinstance(body, WrittenMessage | ReplyRequest) or not body.attachments:
            return _NO_BLOBS
        return {
            position: await self._blobs.put(one.content)
            for position, one in enumerate(body.attachments)
            if one.content
        }


_NO_BLOBS: Mapping[int, str] = {}


def _address(account: Account) -> tuple[str, str, str]:
    return account.channel, account.organisation, account.account
