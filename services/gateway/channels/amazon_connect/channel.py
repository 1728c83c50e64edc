"""Amazon Connect by HTTPS: an EventBridge API destination, or a Lambda behind Kinesis or S3.

Connect delivers at least once and sends a contact's record again whenever it changes, so the one
with the highest ``LastUpdateTimestamp`` of a request holds, and a step's id says which contact and
phase it is: what is told again adds nothing.
"""

from __future__ import annotations

from services.gateway.channels import shared_secret, transcripts
from services.gateway.channels.amazon_connect import chats, contacts
from services.gateway.channels.amazon_connect.unpacking import records
from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.channels.loose import Loose, as_json, digest
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent
from services.gateway.domain.transcripts import to_events


class AmazonConnectChannel(PlatformChannel):
    """``POST /v1/amazon-connect/{organisation}/{account}``."""

    kind = contacts.CHANNEL
    path = "/v1/amazon-connect"
    settings = SecretSettings

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        shared_secret.verify(request, settings.secrets, "x-api-key", "x-amz-firehose-access-key")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        found = records(request.body)
        if not found:
            raise InvalidRequestError("body", "holds no record")
        return [event for record in _latest(found) for event in self._read(record)]

    def _read(self, record: Loose) -> list[IncomingEvent]:
        events: list[IncomingEvent] = []
        if contacts.is_record(record):
            events = contacts.read_record(record)
        elif contacts.is_event(record):
            events = contacts.read_event(record)
        elif chats.is_chat(record):
            events = chats.read_chat(record)
        elif transcripts.is_contact_lens(record):
            said = transcripts.read_contact_lens(record)
            events = to_events(said, channel=self.kind, thread_id=said.call_id)
        elif transcripts.is_plain(record):
            said = transcripts.read_plain(record)
            events = to_events(said, channel=self.kind, thread_id=said.call_id)
        elif chats.is_live_segments(record):
            events = chats.read_live_segments(record)
        elif chats.is_message(record):
            events = chats.read_message(record)
        elif contacts.is_flow(record):
            events = contacts.read_flow(record)
        return events or [self._unrecognised(record)]

    def _unrecognised(self, record: Loose) -> IncomingEvent:
        raw = as_json(record.values)
        name = record.text("eventType", "EventType", "Type", "detail-type")[:64] or "record"
        at_us = record.moment_us("EventTimestamp", "AbsoluteTime", "initiationTimestamp", "time")
        event_id = record.text("EventId", "Id") or digest(raw)
        return IncomingEvent(event_id, self.kind, "", UnrecognisedEvent(name, raw), at_us)


def _latest(found: list[Loose]) -> list[Loose]:
    """Drop the records that a later one of the same contact replaces."""
    newest: dict[str, int] = {}
    for record in found:
        if contacts.is_record(record):
            contact = contacts.contact_id(record)
            newest[contact] = max(newest.get(contact, 0), _updated_us(record))
    kept: list[Loose] = []
    for record in found:
        contact = contacts.contact_id(record) if contacts.is_record(record) else ""
        if contact and newest.get(contact, -1) != _updated_us(record):
            continue
        if contact:
            # Of two with the same time the first; the other is a repeat.
            newest[contact] = -1
        kept.append(record)
    return kept


def _updated_us(record: Loose) -> int:
    return record.moment_us("LastUpdateTimestamp") or 0
