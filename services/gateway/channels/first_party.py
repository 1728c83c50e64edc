"""The organisation's own systems: web chat, desk, CRM, self-service pages.

They send one event a request, signed by Standard Webhooks:
``{"type": "message.received", "timestamp": "2026-01-31T08:00:00Z", "data": {...}}``.
Fields that are not named here are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

from services.gateway.channels import standard_webhooks
from services.gateway.channels.base import SecretSettings
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.inbound import Answer, InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    AuthorKind,
    Identifier,
    IncomingBody,
    IncomingEvent,
    Status,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)
from services.gateway.domain.keys import is_channel

_STATUSES: tuple[Status, ...] = get_args(Status)
_MOST_IDENTIFIERS = 50

# By type: the kinds of author, the first one where the event names none.
_AUTHORS: dict[str, tuple[AuthorKind, ...]] = {
    "message.received": ("customer",),
    "message.sent": ("agent", "bot"),
}
_STATUS_CHANGED = "status.changed"


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
        if event_type in _AUTHORS or event_type == _STATUS_CHANGED:
            return [self._known(request, envelope, event_type)]
        return [self._unknown(request, envelope, event_type)]

    def _known(self, request: InboundRequest, envelope: Fields, event_type: str) -> IncomingEvent:
        data = envelope.object("data")
        channel = data.text("channel", self.kind)
        if not is_channel(channel):
            data.complain("channel", 'is not the name of a channel, like "webhook" or "chat"')
        author_id, body = (
            _status(data) if event_type == _STATUS_CHANGED else _message(data, _AUTHORS[event_type])
        )
        occurred_at_us = data.instant("sent_at")
        if occurred_at_us is None:
            occurred_at_us = envelope.instant("timestamp")
        return IncomingEvent(
            event_id=standard_webhooks.id_of(request),
            channel=channel,
            thread_id=data.text("thread_id"),
            body=body,
            occurred_at_us=occurred_at_us or _signed_at_us(request),
            author_id=author_id,
            brand_id=data.text("brand", ""),
        )

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


def _signed_at_us(request: InboundRequest) -> int | None:
    """Return the time of sending: what the sender says when it says nothing else."""
    seconds = request.headers.get(standard_webhooks.TIMESTAMP_HEADER)
    return None if seconds is None else standard_webhooks.timestamp_seconds(seconds) * 1_000_000


def _message(data: Fields, kinds: Sequence[AuthorKind]) -> tuple[str, IncomingBody]:
    author = data.object("author")
    kind = author.text("kind", kinds[0])
    if kind not in kinds:
        author.complain("kind", f"is {kind!r}; expected is {' or '.join(kinds)}")
    return author.text("id"), WrittenMessage(
        message_id=data.text("message_id"),
        author_kind=cast("AuthorKind", kind),
        author_name=author.text("name", ""),
        text=data.text("text", "", limit=TEXT_LIMIT),
        reply_to_message_id=data.text("reply_to", ""),
        language_hint=data.text("language", ""),
        identifiers=tuple(
            Identifier(entry.text("kind"), entry.text("value"))
            for entry in author.objects("identifiers", limit=_MOST_IDENTIFIERS)
        ),
    )


def _status(data: Fields) -> tuple[str, IncomingBody]:
    status = data.text("status")
    if status not in _STATUSES:
        data.complain("status", f"is {status!r}; expected is one of {', '.join(_STATUSES)}")
    # Whoever changed it is no party to the conversation: no author.
    return "", StatusChange(
        status=status,
        assignee=data.text("assignee", ""),
        priority=data.text("priority", ""),
    )
