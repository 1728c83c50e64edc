"""Zendesk: its event webhooks, and what triggers and automations send.

An organisation watches itself with it before it moves: end users' comments are customers', staff's
are agents', the ticket is the thread. A trigger's body is whatever its author wrote; the names in
docs/channels/help-desks.md are read, in one object or under "ticket".
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256

from services.gateway.channels import zendesk_conversations
from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.channels.help_desk import STATUSES, author_identifiers, plain_text
from services.gateway.channels.loose import Loose, as_json, digest, moment_us, read
from services.gateway.channels.media_types import kind_of, kind_of_file
from services.gateway.channels.wrappings import unwrap
from services.gateway.channels.zendesk_captures import PAGES, PREFIX, is_told, plain
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    AuthorKind,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

SIGNATURE_HEADER = "x-zendesk-webhook-signature"
TIMESTAMP_HEADER = "x-zendesk-webhook-signature-timestamp"
# Zendesk signs the time of the invocation, and tries again for minutes.
WINDOW_SECONDS = 15 * 60

# The account that Zendesk itself writes with.
_SYSTEM = "-1"
_DESCRIPTION = "description"
_STAFF = ("agent", "admin", "owner", "light agent", "staff", "trigger")
_CHANGES = (
    "ticket.status_changed",
    "ticket.priority_changed",
    "ticket.agent_assignment_changed",
    "ticket.created",
)


class ZendeskChannel(PlatformChannel):
    """``POST /v1/zendesk/{organisation}/{account}``."""

    kind = "zendesk"
    path = "/v1/zendesk"

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        signed_us = moment_us(timestamp)
        if signed_us is None or not offered:
            raise RefusedError(f"{SIGNATURE_HEADER} or {TIMESTAMP_HEADER} is missing")
        content = timestamp.encode(errors="surrogateescape") + request.body
        expected = [
            b64encode(hmac.digest(secret.encode(), content, sha256)) for secret in settings.secrets
        ]
        matches = [hmac.compare_digest(one, offered) for one in expected]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's secret")
        if abs(now_us - signed_us) > WINDOW_SECONDS * 1_000_000:
            raise RefusedError(f"{TIMESTAMP_HEADER} is more than {WINDOW_SECONDS} s away from now")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        entries = unwrap(read(request.body), _is_ours, PAGES)
        if not entries:
            raise InvalidRequestError("body", "holds no event; a JSON object is expected")
        return [event for entry in entries for event in self._read(entry)]

    def _read(self, entry: Loose) -> list[IncomingEvent]:
        if zendesk_conversations.is_batch(entry):
            return zendesk_conversations.read(entry)
        payload, raw = plain(entry), as_json(entry.values)
        event_type = payload.text("type")
        if event_type.startswith(PREFIX):
            return [self._event(payload, event_type.removeprefix(PREFIX), raw)]
        return self._trigger(payload, raw)

    def _event(self, payload: Loose, event_type: str, raw: bytes) -> IncomingEvent:
        detail, event = payload.object("detail"), payload.object("event")
        at_us = payload.moment_us("time") or detail.moment_us("updated_at")
        author, body = "", None
        if event_type == "ticket.comment_added":
            author, body = _comment(event.object("comment"), detail, payload.text("id"))
        elif event_type == "messaging_ticket.message_added":
            author, body = _chat(event, payload.text("id"))
        elif event_type in ("ticket.comment_redacted", "ticket.comment_made_private"):
            body = MessageDeletion(event.object("comment").text("id") or event.text("comment_id"))
        elif event_type in _CHANGES:
            body = _change(detail, event, event_type)
        thread = detail.text("id") or payload.text("subject").rpartition(":")[2]
        if (
            body is None
            or not thread
            or (isinstance(body, MessageDeletion) and not body.message_id)
        ):
            private = _is_private(event.object("comment"))
            reason = "a private note is nobody's message" if private else ""
            body, thread, author = UnrecognisedEvent(event_type, raw, reason), "", ""
        event_id = payload.text("id") or digest(raw)
        return IncomingEvent(event_id, self.kind, thread, body, at_us, author_id=author)

    def _trigger(self, payload: Loose, raw: bytes) -> list[IncomingEvent]:
        ticket = payload.object("ticket") or payload
        if "current_user" in payload and ticket is not payload:
            beside = {"current_user": payload.values["current_user"]}
            ticket = Loose({**beside, **ticket.values})
        comment = ticket.object("latest_comment") or payload.object("comment")
        thread = ticket.text("id", "ticket_id")
        if not thread:
            raise InvalidRequestError(
                "ticket.id", "is missing; the trigger's body names the ticket"
            )
        at_us = comment.moment_us("created_at") or ticket.moment_us("updated_at", "created_at")
        author, body = _trigger_message(ticket, comment, thread, raw)
        found = []
        if body is not None:
            said_at_us = at_us
            if body.message_id == f"{thread}:{_DESCRIPTION}":
                # The ticket's first comment, whenever the ticket was told of.
                said_at_us = ticket.moment_us("created_at") or at_us
            event_id = f"comment:{body.message_id}"
            found.append(
                IncomingEvent(event_id, self.kind, thread, body, said_at_us, author_id=author)
            )
        status = STATUSES.get(ticket.text("status").lower())
        if status is not None:
            priority = ticket.text("priority").lower().replace("-", "")
            changed = StatusChange(status, _assignee(ticket), priority)
            # Several triggers may tell of the same change.
            version = f"{at_us or digest(raw)}:{status}:{changed.assignee}:{priority}"
            event_id = f"ticket:{thread}:{version}"
            found.append(IncomingEvent(event_id, self.kind, thread, changed, at_us))
        unknown = UnrecognisedEvent("trigger", raw)
        return found or [IncomingEvent(digest(raw), self.kind, "", unknown, at_us)]


def _is_ours(entry: Loose) -> bool:
    return is_told(entry) or zendesk_conversations.is_batch(entry)


def _comment(comment: Loose, detail: Loose, event_id: str) -> tuple[str, IncomingBody | None]:
    author = comment.object("author")
    author_id = author.text("id") or comment.text("author_id")
    message_id = comment.text("id") or event_id
    if not message_id or not comment or _is_private(comment):
        return "", None
    return author_id, WrittenMessage(
        message_id=message_id,
        author_kind=_kind(author, author_id, detail),
        author_name=author.text("name"),
        text=comment.text("plain_body", "body") or plain_text(comment.text("html_body")),
        identifiers=author_identifiers(author),
        subject=detail.text("subject"),
        attachments=_attachments(comment),
    )


def _is_private(comment: Loose) -> bool:
    """Tell whether it is a note among colleagues."""
    told = [comment.flag(name) for name in ("is_public", "public") if name in comment]
    return bool(told) and not told[0]


def _attachments(comment: Loose) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            _attachment_kind(one),
            media_id=one.text("id"),
            url=one.text("content_url", "mapped_content_url", "url"),
            media_type=one.text("content_type"),
            name=one.text("filename", "file_name"),
            size_bytes=max(int(one.number("size") or 0), 0),
            inline=one.flag("inline"),
        )
        for one in comment.objects("attachments")
    )


def _attachment_kind(one: Loose) -> AttachmentKind:
    media_type = one.text("content_type")
    return kind_of(media_type) if media_type else kind_of_file(one.text("filename", "file_name"))


def _kind(author: Loose, author_id: str, detail: Loose) -> AuthorKind:
    if author_id == _SYSTEM:
        return "bot"
    if "is_staff" in author:
        return "agent" if author.flag("is_staff") else "customer"
    role = author.text("role", "type").lower()
    if role:
        return "agent" if role in _STAFF else "customer"
    return "customer" if author_id == detail.text("requester_id") else "agent"


def _chat(event: Loose, event_id: str) -> tuple[str, IncomingBody | None]:
    actor, message = event.object("actor"), event.object("message")
    message_id = message.text("id") or event_id
    if not message_id or not message:
        return "", None
    kinds: dict[str, AuthorKind] = {"end_user": "customer", "agent": "agent"}
    return actor.text("id"), WrittenMessage(
        message_id=message_id,
        author_kind=kinds.get(actor.text("type"), "bot"),
        author_name=actor.text("name"),
        text=message.text("body"),
    )


def _change(detail: Loose, event: Loose, event_type: str) -> IncomingBody | None:
    current = event.text("current") if event_type == "ticket.status_changed" else ""
    status = STATUSES.get((current or detail.text("status")).lower())
    if status is None:
        return None
    priority = detail.text("priority")
    if event_type == "ticket.priority_changed":
        priority = event.text("current") or priority
    assignee = detail.text("assignee_id")
    if event_type == "ticket.agent_assignment_changed":
        assignee = event.text("current")
    return StatusChange(status, assignee, priority.lower())


def _trigger_message(
    ticket: Loose, comment: Loose, thread: str, raw: bytes
) -> tuple[str, WrittenMessage | None]:
    text = comment.text("value", "body", "plain_body") or plain_text(comment.text("html_body"))
    place = digest(raw)[:16]
    text = text or ticket.text("latest_comment", "latest_public_comment", "comment")
    if not text and ticket.text("description"):
        text, place = ticket.text("description"), _DESCRIPTION
    if not text or _is_private(comment):
        return "", None
    requester = _requester(ticket)
    # Who fired the trigger wrote the comment, but not what the ticket began with.
    author = Loose() if place == _DESCRIPTION else _author(ticket, comment)
    who = author or requester
    staff = _is_staff(author, requester)
    return who.text("id", "email"), WrittenMessage(
        message_id=comment.text("id") or f"{thread}:{place}",
        author_kind="agent" if staff else "customer",
        author_name=who.text("name"),
        text=text,
        identifiers=() if staff else author_identifiers(who),
        subject=ticket.text("title", "subject"),
        attachments=_attachments(comment) or _attachments(ticket),
    )


def _requester(ticket: Loose) -> Loose:
    """Return whose ticket it is; what the ticket came from may know their name."""
    source = ticket.object("via").object("source").object("from")
    email, name = ticket.text("requester_email"), ticket.text("requester_name")
    told = {
        "id": ticket.text("requester_id"),
        "name": name or source.text("name"),
        "email": email or source.text("address"),
    }
    known = {name: value for name, value in told.items() if value}
    return ticket.object("requester") or Loose(known)


def _author(ticket: Loose, comment: Loose) -> Loose:
    found = comment.object("author") or ticket.object("current_user") or ticket.object("author")
    written_by = comment.text("author_id")
    if found or not written_by or written_by == _requester(ticket).text("id"):
        return found
    return Loose({"id": written_by})


def _is_staff(author: Loose, requester: Loose) -> bool:
    role = author.text("role").lower()
    if role:
        return role in _STAFF
    if "is_staff" in author:
        return author.flag("is_staff")
    return bool(author and requester) and author.text("id", "email") != requester.text(
        "id", "email"
    )


def _assignee(ticket: Loose) -> str:
    assignee = ticket.object("assignee")
    return assignee.text("id", "email", "name") or ticket.text("assignee", "assignee_id")
