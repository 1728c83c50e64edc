"""Chatwoot's webhooks: an organisation watches itself with them before it moves.

What contacts write is customers', what users (agents) and bots write is theirs, private notes are
nobody's message; a conversation is a thread, its status changes are status changes.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from services.gateway.channels import shared_secret
from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.channels.chatwoot_captures import PAGES, is_told, plain
from services.gateway.channels.help_desk import STATUSES, author_identifiers, plain_text
from services.gateway.channels.loose import Loose, as_json, digest, moment_us, read
from services.gateway.channels.wrappings import unwrap
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    AuthorKind,
    CustomerAction,
    IncomingBody,
    IncomingEvent,
    Location,
    MessageDeletion,
    StatusChange,
    SurveyAnswer,
    UnrecognisedEvent,
    WrittenMessage,
)

SIGNATURE_HEADER = "x-chatwoot-signature"
TIMESTAMP_HEADER = "x-chatwoot-timestamp"
WINDOW_SECONDS = 300

# Rails numbers them where it writes no names.
_DIRECTIONS = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}
_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "audio": "audio",
    "video": "video",
    "file": "file",
    "contact": "contact",
    "share": "link",
    "story_mention": "image",
    "ig_reel": "video",
}
_BOTS = ("agent_bot", "agentbot", "captain_assistant", "captain::assistant")
_CSAT_MOST = 5
_AUTOMATION = "automation_event."


class ChatwootChannel(PlatformChannel):
    """``POST /v1/chatwoot/{organisation}/{account}``."""

    kind = "chatwoot"
    path = "/v1/chatwoot"

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        """Prefer the signature; versions that sign nothing bring the secret in the address."""
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        if not offered:
            shared_secret.verify(request, settings.secrets)
            return request
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        content = request.body
        if timestamp:
            signed_us = moment_us(timestamp)
            if signed_us is None or abs(now_us - signed_us) > WINDOW_SECONDS * 1_000_000:
                raise RefusedError(
                    f"{TIMESTAMP_HEADER} is more than {WINDOW_SECONDS} s away from now"
                )
            content = timestamp.encode(errors="surrogateescape") + b"." + content
        expected = [hmac.new(one.encode(), content, sha256) for one in settings.secrets]
        digests = [one.hexdigest().encode() for one in expected]
        bare = offered.removeprefix(b"sha256=")
        matches = [hmac.compare_digest(one, bare) for one in digests]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        payloads = unwrap(read(request.body), is_told, PAGES)
        if not payloads:
            raise InvalidRequestError("body", "holds no event; a JSON object is expected")
        return [event for one in payloads for event in self._read(plain(one))]

    def _read(self, payload: Loose) -> list[IncomingEvent]:
        event = payload.text("event")
        if event.startswith(_AUTOMATION):
            return self._automation(payload)
        found = None
        if event in ("message_created", "message_updated"):
            found = _message(payload, updated=event == "message_updated")
        elif event.startswith("conversation_"):
            found = _conversation(payload, event)
        elif event in ("contact_created", "contact_updated"):
            found = _contact(payload, event)
        elif event == "webwidget_triggered":
            found = _widget(payload)
        if found is None:
            return [self._unrecognised(payload)]
        return [found]

    def _automation(self, payload: Loose) -> list[IncomingEvent]:
        """Read what a rule sends: the conversation as it is, with its latest message."""
        around = {"id": payload.text("id"), "meta": payload.values.get("meta")}
        messages = [
            _message(Loose({"conversation": around, **one.values}), updated=False)
            for one in payload.objects("messages")
        ]
        status = _conversation(payload, "conversation_updated")
        found = [event for event in (*messages, status) if event is not None]
        return found or [self._unrecognised(payload)]

    def _unrecognised(self, payload: Loose) -> IncomingEvent:
        raw = as_json(payload.values)
        reason = "a private note is nobody's message" if payload.flag("private") else ""
        unknown = UnrecognisedEvent(payload.text("event")[:64] or "event", raw, reason)
        at_us = payload.moment_us("updated_at", "created_at", "timestamp")
        return IncomingEvent(digest(raw), self.kind, "", unknown, at_us)


def _message(payload: Loose, *, updated: bool) -> IncomingEvent | None:
    conversation = payload.object("conversation")
    direction = payload.text("message_type")
    direction = _DIRECTIONS.get(direction, direction) or _direction(payload)
    author = _author(payload, conversation, direction)
    author_id = author.text("id", "identifier", "phone_number", "email")
    thread = conversation.text("id", "display_id") or payload.text("conversation_id")
    if not thread and direction == "incoming":
        thread = conversation.object("contact_inbox").text("source_id") or author_id
    # An agent's bot is sent messages that nobody has numbered yet.
    message_id = payload.text("id") or digest(as_json(payload.values))[:32]
    if not thread or payload.flag("private") or direction not in _DIRECTIONS.values():
        return None
    if direction == "activity":
        return None
    kind = _author_kind(direction, author)
    content = payload.object("content_attributes")
    at_us = payload.moment_us("created_at")
    version = ""
    body: IncomingBody
    if updated:
        # An update says no more than that something of the message changed.
        version = payload.text("updated_at") or digest(as_json(payload.values))[:16]
        at_us = payload.moment_us("updated_at") or at_us
    survey = _survey(payload, content)
    if content.flag("deleted"):
        body, version = MessageDeletion(message_id), "deleted"
    elif updated and survey is not None:
        body, kind = survey, "customer"
        author_id = _contact_of(conversation).text("id") or author_id
    else:
        text = payload.text("content") or plain_text(payload.text("processed_message_content"))
        body = WrittenMessage(
            message_id=message_id,
            author_kind=kind,
            author_name=author.text("name", "available_name"),
            text=text,
            reply_to_message_id=content.text("in_reply_to", "in_reply_to_external_id"),
            identifiers=author_identifiers(author) if kind == "customer" else (),
            edited=updated,
            attachments=_attachments(payload),
            location=_location(payload),
            subject=conversation.object("additional_attributes").text("mail_subject"),
        )
    event_id = ":".join(filter(None, ("message", message_id, version)))
    return IncomingEvent(event_id, "chatwoot", thread, body, at_us, author_id=author_id)


def _direction(payload: Loose) -> str:
    kind = payload.object("sender").text("type") or payload.text("sender_type")
    return {"": "", "contact": "incoming"}.get(kind.lower(), "outgoing")


def _author(payload: Loose, conversation: Loose, direction: str) -> Loose:
    """Return who wrote it. Older versions tell the contact beside; the API only names an id."""
    found = payload.object("sender")
    if direction == "incoming":
        found = payload.object("contact") or found or _contact_of(conversation)
    if found or "sender_id" not in payload:
        return found
    return Loose({"id": payload.text("sender_id"), "type": payload.text("sender_type")})


def _contact_of(conversation: Loose) -> Loose:
    return conversation.object("meta").object("sender")


def _author_kind(direction: str, sender: Loose) -> AuthorKind:
    kind = sender.text("type").lower()
    if direction == "incoming":
        return "customer"
    if direction == "template" or kind in _BOTS:
        return "bot"
    return "customer" if kind == "contact" else "agent"


def _survey(payload: Loose, content: Loose) -> SurveyAnswer | None:
    if payload.text("content_type") != "input_csat":
        return None
    given = content.object("submitted_values").object("csat_survey_response")
    score = given.number("rating")
    if score is None or not 1 <= score <= _CSAT_MOST:
        return None
    comment = given.text("feedback_message")
    return SurveyAnswer(payload.text("id"), "csat", score, 1.0, float(_CSAT_MOST), comment)


def _attachments(payload: Loose) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            _KINDS.get(one.text("file_type"), "file"),
            media_id=one.text("id"),
            url=one.text("data_url"),
            media_type=one.text("content_type"),
            name=one.text("fallback_title", "file_name"),
            size_bytes=max(int(one.number("file_size") or 0), 0),
        )
        for one in payload.objects("attachments")
        if one.text("file_type") != "location"
    )


def _location(payload: Loose) -> Location | None:
    for one in payload.objects("attachments"):
        latitude, longitude = one.number("coordinates_lat"), one.number("coordinates_long")
        if one.text("file_type") == "location" and latitude is not None and longitude is not None:
            return Location(latitude, longitude, one.text("fallback_title"))
    return None


def _conversation(payload: Loose, event: str) -> IncomingEvent | None:
    thread, status = payload.text("id"), STATUSES.get(payload.text("status").lower())
    if (
        not thread
        or status is None
        or event
        not in (
            "conversation_created",
            "conversation_status_changed",
            "conversation_updated",
        )
    ):
        return None
    assignee = payload.object("meta").object("assignee")
    name = assignee.text("id", "email", "name")
    body = StatusChange(status, name, payload.text("priority").lower())
    at_us = payload.moment_us("updated_at", "timestamp", "last_activity_at", "created_at")
    if event == "conversation_created":
        at_us = payload.moment_us("created_at", "timestamp")
    # Created, changed and updated tell of the same change; the first that comes tells it.
    event_id = f"conversation:{thread}:{at_us or ''}:{status}:{name}:{body.priority}"
    return IncomingEvent(event_id, "chatwoot", thread, body, at_us)


def _contact(payload: Loose, event: str) -> IncomingEvent | None:
    contact = payload.text("id")
    if not contact:
        return None
    body = CustomerAction(
        "profile.updated",
        object_id=contact,
        author_name=payload.text("name"),
        identifiers=author_identifiers(payload),
    )
    raw = repr((body.author_name, body.identifiers)).encode(errors="replace")
    event_id = f"{event}:{contact}:{digest(raw)[:16]}"
    at_us = payload.moment_us("updated_at", "last_activity_at", "created_at")
    for changed in payload.objects("changed_attributes"):
        at_us = changed.object("updated_at").moment_us("current_value") or at_us
    return IncomingEvent(event_id, "chatwoot", "", body, at_us, author_id=contact)


def _widget(payload: Loose) -> IncomingEvent | None:
    contact = payload.object("contact")
    info = payload.object("event_info")
    if not contact.text("id"):
        return None
    at_us = moment_us(info.object("initiated_at").values.get("timestamp"))
    page = info.text("referer")
    body = CustomerAction(
        "page.viewed",
        object_id=page,
        author_name=contact.text("name"),
        identifiers=author_identifiers(contact),
    )
    event_id = f"widget:{payload.text('id') or contact.text('id')}:{at_us or ''}"
    return IncomingEvent(event_id, "chatwoot", "", body, at_us, author_id=contact.text("id"))
