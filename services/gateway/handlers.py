"""The gateway's use case: take a request in, or say why not."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from careline.event.v1.event_pb2 import Event
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent
from services.gateway.domain.keys import PartyKeys, is_name
from services.gateway.domain.repeats import RecentEvents
from services.gateway.events import to_event
from services.gateway.ports import EventPublisher
from services.kernel.clock import Clock
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)


class UnknownAccountError(Exception):
    """The address names no account of the accounts file."""


class NoSecretError(Exception):
    """The account has no secret: nobody can prove to speak for it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    accepted: int
    duplicates: int


@dataclass(slots=True)
class Tally:
    """What one account has seen since the start."""

    accepted: int = 0
    refused: int = 0


class RequestIntake:
    def __init__(
        self,
        accounts: Accounts,
        publisher: EventPublisher,
        clock: Clock,
        party_keys: PartyKeys,
        recent: RecentEvents,
    ) -> None:
        self._accounts = accounts
        self._publisher = publisher
        self._clock = clock
        self._party_keys = party_keys
        self._recent = recent
        self._tallies = {_address(account): Tally() for account in accounts}

    def tally(self, account: Account) -> Tally:
        return self._tallies[_address(account)]

    def find(self, channel: Channel, organisation: str, account: str) -> Account:
        """Return the account that an address names, before a byte of the body is read."""
        found = self._accounts.find(channel.kind, organisation, account)
        if found is None:
            log.warning(
                "no such account",
                channel=channel.kind,
                organisation=organisation if is_name(organisation) else "(not a name)",
                account=account if is_name(account) else "(not a name)",
            )
            raise UnknownAccountError
        return found

    async def accept(
        self, channel: Channel, account: Account, request: InboundRequest, traceparent: str
    ) -> Accepted:
        """Verify, parse and publish; return once everything is durable.

        Raise ``NoSecretError`` or ``RefusedError`` for who sends, ``InvalidRequestError`` for what
        is sent, ``UnavailableError`` when it cannot be kept now.
        """
        self._verify(channel, account, request)
        incoming = self._parse(channel, account, request)
        accepted_at_us = self._clock.now_us()
        fresh: dict[str, Event] = {}
        for one in incoming:
            event = to_event(
                one,
                account,
                accepted_at_us=accepted_at_us,
                traceparent=traceparent,
                party_keys=self._party_keys,
            )
            if not self._recent.has(account.organisation, event.event_id):
                fresh[event.event_id] = event
        if fresh:
            await self._publisher.publish(list(fresh.values()))
        for event_id in fresh:
            self._recent.add(account.organisation, event_id)
        metrics.GATEWAY_EVENTS.labels(channel=channel.kind).inc(len(fresh))
        self.tally(account).accepted += len(fresh)
        return Accepted(len(fresh), len(incoming) - len(fresh))

    def _verify(self, channel: Channel, account: Account, request: InboundRequest) -> None:
        try:
            if not account.secrets:
                raise NoSecretError("the account has no secret; set one in the accounts file")
            channel.verify(request, account.secrets, self._clock.now_us())
        except (NoSecretError, RefusedError) as error:
            self.tally(account).refused += 1
            log.warning("request refused", reason=str(error), **_labels(account))
            raise

    def _parse(
        self, channel: Channel, account: Account, request: InboundRequest
    ) -> list[IncomingEvent]:
        try:
            incoming = channel.parse(request)
        except InvalidRequestError as error:
            log.warning("request not understood", place=error.place, **_labels(account))
            raise
        for one in incoming:
            if isinstance(one.body, UnrecognisedEvent):
                log.info(
                    "event of an unknown type recorded",
                    type=one.body.type,
                    reason=one.body.reason,
                    **_labels(account),
                )
        return incoming


def _address(account: Account) -> tuple[str, str, str]:
    return account.channel, account.organisation, account.account


def _labels(account: Account) -> dict[str, str]:
    return {
        "channel": account.channel,
        "organisation": account.organisation,
        "account": account.account,
    }
