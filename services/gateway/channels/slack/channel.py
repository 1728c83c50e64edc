"""Slack: requests signed together with their time; JSON for events, forms for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl

from slack_sdk.signature import SignatureVerifier

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.slack import captures
from services.gateway.channels.slack.events import event_of
from services.gateway.channels.slack.frame import KIND, type_name, unrecognised
from services.gateway.channels.slack.interactions import command, interaction
from services.gateway.channels.slack.settings import SlackSettings
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
    RefusedError,
)
from services.gateway.domain.incoming import IncomingEvent

SIGNATURE_HEADER = "x-slack-signature"
TIMESTAMP_HEADER = "x-slack-request-timestamp"
_MOST_FIELDS = 200
_MOST_DIGITS = 12


class SlackChannel(PlatformChannel):
    """``POST /v1/slack/{organisation}/{account}`` for events, interactivity and commands alike.

    Subscribe to messages or to mentions: Slack gives the same message an event of each kind.
    """

    kind = KIND
    path = "/v1/slack"
    settings = SlackSettings

    def check(self, settings: SlackSettings) -> None:
        if not all(secret.strip() for secret in settings.secrets):
            raise ValueError("a secret is the signing secret of the app's basic information")

    def handshake(
        self, request: InboundRequest, settings: SlackSettings, now_us: int
    ) -> Answer | None:
        """Answer the challenge, which is signed; and the look at a command's certificate."""
        if request.body.startswith(b"ssl_check=1") or b"&ssl_check=1" in request.body:
            return Answer() if _is_certificate_check(request) else None
        if b"url_verification" not in request.body:
            return None
        try:
            fields = read_object(request.body)
            if fields.text("type", "") != "url_verification":
                return None
            challenge = fields.text("challenge", limit=TEXT_LIMIT)
        except InvalidRequestError:
            return None
        self.verify(request, settings, now_us)
        return Answer(challenge.encode())

    def verify(
        self, request: InboundRequest, settings: SlackSettings, now_us: int
    ) -> InboundRequest:
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        offered = request.headers.get(SIGNATURE_HEADER, "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MOST_DIGITS):
            raise RefusedError(f"{TIMESTAMP_HEADER} is not a number of seconds")
        if not offered.isascii():
            raise RefusedError(f"{SIGNATURE_HEADER} is no signature")
        try:
            body = request.body.decode()
        except UnicodeDecodeError:
            raise RefusedError("the body is not UTF-8, which Slack always sends") from None
        clock = _Clock(now_us)
        matches = [
            SignatureVerifier(secret, clock).is_valid(body, timestamp, offered)
            for secret in settings.secrets
        ]
        if not any(matches):
            raise RefusedError(
                f"{SIGNATURE_HEADER} does not match the account's secret, or is older than 300 s"
            )
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        digest = sha256(request.body).hexdigest()
        if request.body.lstrip().startswith(b"{"):
            return _read_json(read_object(request.body), request.body, digest)
        form = _read_form(request.body)
        if "payload" in form:
            payload = read_object(form["payload"].encode())
            return interaction(payload, request.body, digest)
        if "command" in form:
            return [command(Fields(form, ""), digest, _sent_at_us(request))]
        raise InvalidRequestError("body", "is neither an event, a payload nor a command of Slack")


@dataclass(frozen=True, slots=True)
class _Clock:
    """The library's clock, set to the time of the request."""

    at_us: int

    def now(self) -> float:
        return self.at_us / 1_000_000


def _is_certificate_check(request: InboundRequest) -> bool:
    try:
        return _read_form(request.body).get("ssl_check") == "1"
    except InvalidRequestError:
        return False


def _read_form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise InvalidRequestError("body", "is neither JSON nor a form") from None


def _read_json(capture: Fields, body: bytes, digest: str) -> list[IncomingEvent]:
    """Read an event, or a capture: of what came in a form, over a socket or from the API."""
    capture = captures.opened(capture)
    if "command" in capture:
        return [command(capture, digest, None)]
    if captures.is_interaction(capture):
        return interaction(capture, body, digest)
    envelopes = captures.enveloped(capture)
    if len(envelopes) == 1:
        return [event_of(envelopes[0], body, digest)]
    pieces = [(envelope, envelope.as_json()) for envelope in envelopes]
    if pieces:
        return [event_of(one, piece, sha256(piece).hexdigest()) for one, piece in pieces]
    return [unrecognised(type_name(capture.text("type", "")), digest, body)]


def _sent_at_us(request: InboundRequest) -> int | None:
    """Return when Slack signed it, where the request came with its headers."""
    timestamp = request.headers.get(TIMESTAMP_HEADER, "")
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MOST_DIGITS
    return int(timestamp) * 1_000_000 or None if is_number else None
