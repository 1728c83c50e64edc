"""The organisation's own systems: web chat, desk, CRM, shop, self-service pages.

They send one event a request, signed by Standard Webhooks:
``{"type": "message.received", "timestamp": "2026-01-31T08:00:00Z", "data": {...}}``.
Fields that are not named here are ignored. docs/channels/webhook.md shows every type.
"""

from __future__ import annotations

from services.gateway.channels import standard_webhooks
from services.gateway.channels.base import SecretSettings
from services.gateway.channels.first_party_bodies import READERS
from services.gateway.channels.first_party_calls import transcript
from services.gateway.domain.fields import Fields, read_object
from services.gateway.domain.inbound import Answer, InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent
from services.gateway.domain.keys import is_channel
from services.gateway.domain.transcripts import to_events

_TRANSCRIBED = "call.transcribed"


class FirstPartyChannel:
    """``POST /v1/webhooks/{organisation}/{account}``."""

    kind = "webhook"
    path = "/v1/webhooks"
    settings = SecretSettings
    strict = True
    accepted: Answer | None = None

    def check(self, settings: SecretSettings) -> None:
        standard_webhooks.check_secrets(settings.secrets)

    def handshake(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> Answer | None:
        _ = request, settings, now_us
        return None

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        standard_webhooks.verify(request, settings.secrets, now_us)
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        envelope = read_object(request.body)
        event_type = envelope.text("type")
        if event_type == _TRANSCRIBED:
            return self._transcribed(request, envelope)
        if event_type in READERS:
            return [self._known(request, envelope, event_type)]
        return [self._unknown(request, envelope, event_type)]

    def _known(self, request: InboundRequest, envelope: Fields, event_type: str) -> IncomingEvent:
        data = envelope.object("data")
        channel = self._channel(data)
        read = READERS[event_type](data, event_type)
        return IncomingEvent(
            event_id=standard_webhooks.id_of(request),
            channel=channel,
            thread_id=read.thread_id,
            body=read.body,
            occurred_at_us=_occurred_at_us(request, envelope, data),
            author_id=read.author_id,
            brand_id=data.text("brand", ""),
        )

    def _transcribed(self, request: InboundRequest, envelope: Fields) -> list[IncomingEvent]:
        data = envelope.object("data")
        channel = self._channel(data)
        began_at_us = _occurred_at_us(request, envelope, data)
        said = transcript(data, began_at_us)
        return to_events(
            said,
            channel=channel,
            thread_id=data.text("thread_id", "") or said.call_id,
            brand_id=data.text("brand", ""),
        )

    def _channel(self, data: Fields) -> str:
        channel = data.text("channel", self.kind)
        if not is_channel(channel):
            data.complain("channel", 'is not the name of a channel, like "webhook" or "chat"')
        return channel

    def _unknown(self, request: InboundRequest, envelope: Fields, event_type: str) -> IncomingEvent:
        try:
            occurred_at_us = envelope.instant("timestamp")
        except InvalidRequestError:
            # What its fields mean is not known either; the signed time is.
            occurred_at_us = None
        return IncomingEvent(
            event_id=standard_webhooks.id_of(request),
            channel=self.kind,
            thread_id="",
            body=UnrecognisedEvent(event_type, request.body),
            occurred_at_us=occurred_at_us or _signed_at_us(request),
        )


def _occurred_at_us(request: InboundRequest, envelope: Fields, data: Fields) -> int | None:
    """Return the time that the sender says most exactly."""
    occurred_at_us = data.instant("sent_at")
    if occurred_at_us is None:
        occurred_at_us = envelope.instant("timestamp")
    return occurred_at_us or _signed_at_us(request)


def _signed_at_us(request: InboundRequest) -> int | None:
    """Return the time of sending: what the sender says when it says nothing else."""
    seconds = request.headers.get(standard_webhooks.TIMESTAMP_HEADER)
    return None if seconds is None else standard_webhooks.timestamp_seconds(seconds) * 1_000_000
