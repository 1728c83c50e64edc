"""Twilio's webhooks, all to one address: what a request tells is read from its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.loose import Loose, as_json, as_text, digest, read
from services.gateway.channels.twilio import (
    conversations,
    messages,
    resources,
    signature,
    voice,
)
from services.gateway.channels.wrappings import unwrap
from services.gateway.domain.inbound import Answer, InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent

KIND = "twilio"


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """``secrets``: the account's auth tokens (or shared keys), which sign what Twilio sends.

    ``public_url``: how Twilio reaches this gateway, up to "/v1" ("https://care.example.org"): it is
    part of what is signed. The rest is for the way out: ``account_sid`` with its ``auth_token``
    (the first secret, when it is left out) signs in, or an API key's SID and secret do;
    ``from_address`` is the number that writes where the conversation does not say it, or
    ``messaging_service_sid`` chooses one.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    public_url: str = ""
    account_sid: str = ""
    auth_token: str = field(default="", repr=False)
    api_key_sid: str = ""
    api_key_secret: str = field(default="", repr=False)
    from_address: str = ""
    messaging_service_sid: str = ""
    status_callback: str = ""
    api_base: str = "https://api.twilio.com"
    conversations_base: str = "https://conversations.twilio.com"
    # "", "name" or "initials": how the agent signs.
    sign: str = ""


class TwilioChannel(PlatformChannel):
    """``POST /v1/twilio/{organisation}/{account}``."""

    kind = KIND
    path = "/v1/twilio"
    settings = TwilioSettings
    # An empty document: Twilio has nothing to say or to do on this gateway's behalf.
    accepted = Answer(b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")

    def check(self, settings: TwilioSettings) -> None:
        if settings.secrets and not _is_address(settings.public_url):
            raise ValueError(
                "public_url is the address at which Twilio reaches this gateway, up to /v1, "
                'like "https://care.example.org"; Twilio signs it'
            )
        if settings.sign not in ("", "name", "initials"):
            raise ValueError('sign is "", "name" or "initials"')

    def verify(
        self, request: InboundRequest, settings: TwilioSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        signature.verify(request, settings.public_url, settings.secrets)
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        body = request.body
        if signature.is_json(body):
            return self._stream(body)
        fields: dict[str, str] = dict(request.query)
        if body:
            try:
                fields = signature.form_fields(resources.one_line(body))
            except ValueError:
                raise InvalidRequestError("body", "has too many fields") from None
        if not fields:
            raise InvalidRequestError("body", "is empty")
        readable = {name: as_text(value) for name, value in fields.items()}
        return self._read(Loose(readable), body, digest(body or as_json(readable)), None)

    def _stream(self, body: bytes) -> list[IncomingEvent]:
        """Read an Event Streams batch (CloudEvents), fields as JSON, or resources of the API."""
        entries = unwrap(read(body), resources.is_told, resources.PAGES)
        return [event for entry in entries for event in self._entry(entry)]

    def _entry(self, entry: Loose) -> list[IncomingEvent]:
        raw = as_json(entry.values)
        event_type = entry.text("type")
        if "data" not in entry or not event_type:
            fields = resources.forwarded(entry.values.get("body")) or resources.as_callback(entry)
            sent = resources.sent_message(entry)
            return sent or self._read(_named_as_forms(fields), raw, digest(raw), None)
        # Of a call it holds the callback's own fields; of a message fields of its own.
        callback = entry.object("data").object("request").object("parameters")
        fields = callback or _named_as_forms(entry.object("data"))
        read_type = event_type.removeprefix("com.twilio.messaging.")
        if read_type.startswith("message."):
            fields = Loose({"MessageStatus": read_type.partition(".")[2], **fields.values})
        elif read_type.startswith("inbound-message"):
            fields = Loose({**fields.values, "SmsStatus": "received", "MessageStatus": None})
        elif event_type.startswith("com.twilio.conversations."):
            fields = Loose({**fields.values, "EventType": event_type})
        at_us = fields.moment_us("Timestamp") or entry.moment_us("time")
        found = self._read(fields, raw, entry.text("id") or digest(raw), at_us)
        if isinstance(found[0].body, UnrecognisedEvent):
            found = [_unrecognised(event_type, raw, found[0].event_id, at_us)]
        return found

    def _read(
        self, fields: Loose, raw: bytes, event_id: str, at_us: int | None
    ) -> list[IncomingEvent]:
        at_us = at_us or fields.moment_us("Timestamp")
        events = (
            conversations.read(fields, at_us)
            or voice.read(fields, event_id, at_us)
            or messages.read(fields, at_us)
        )
        return events or [_unrecognised(_type_of(fields), raw, event_id, at_us)]


def _is_address(text: str) -> bool:
    try:
        address = urlsplit(text)
        _ = address.port
    except ValueError:
        return False
    named = address.scheme in ("http", "https") and bool(address.hostname)
    return named and not address.query and not address.fragment


def _unrecognised(event_type: str, raw: bytes, event_id: str, at_us: int | None) -> IncomingEvent:
    return IncomingEvent(event_id, KIND, "", UnrecognisedEvent(event_type, raw), at_us)


def _type_of(fields: Loose) -> str:
    for kind, name in (
        ("conversation", "EventType"),
        ("conference", "StatusCallbackEvent"),
        ("transcription", "TranscriptionEvent"),
        ("recording", "RecordingStatus"),
        ("message", "MessageStatus"),
        ("message", "SmsStatus"),
        ("queue", "QueueResult"),
        ("call", "CallStatus"),
    ):
        if name in fields:
            return f"{kind}.{fields.text(name)[:64]}"
    return "request"


def _named_as_forms(entry: Loose) -> Loose:
    """Name an Event Stream's fields ("messageSid") as callbacks do ("MessageSid")."""
    return Loose({name[:1].upper() + name[1:]: value for name, value in entry.values.items()})
