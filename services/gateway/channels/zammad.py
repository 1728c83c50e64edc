"""Zammad's trigger webhooks: a ticket and the article that set the trigger off.

An organisation watches itself with them before it moves: articles of customers are customers',
of agents agents'; internal ones are nobody's message. Each request says the ticket's state, too.
"""

from __future__ import annotations

import hmac
from email.utils import parseaddr
from hashlib import sha1

from services.gateway.channels import shared_secret
from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.channels.help_desk import STATUSES, author_identifiers, plain_text
from services.gateway.channels.loose import Loose, as_json, digest, read
from services.gateway.channels.media_types import kind_of, kind_of_file
from services.gateway.channels.wrappings import unwrap
from services.gateway.channels.zammad_captures import PAGES, is_told, plain
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    AuthorKind,
    IncomingEvent,
    Status,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

SIGNATURE_HEADER = "x-hub-signature"

_KINDS: dict[str, AuthorKind] = {"customer": "customer", "agent": "agent", "system": "bot"}
# What every installation numbers them.
_SENDERS = {"1": "agent", "2": "customer", "3": "system"}
# Zammad's own account, which owns what nobody owns.
_NOBODY = ("", "1", "-")
# Saving its attachments touches an article once more within the same moments.
_SAVING_US = 10_000_000
_PUBLIC = ("twitter status", "facebook feed post", "facebook feed comment")


class ZammadChannel(PlatformChannel):
    """``POST /v1/zammad/{organisation}/{account}``."""

    kind = "zammad"
    path = "/v1/zammad"

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        """Prefer the signature; a webhook without a token brings Basic or bearer credentials."""
        _ = now_us  # no time is signed
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        if not offered:
            shared_secret.verify(request, settings.secrets)
            return request
        expected = [hmac.new(one.encode(), request.body, sha1) for one in settings.secrets]
        matches = [
            hmac.compare_digest(b"sha1=" + one.hexdigest().encode(), offered) for one in expected
        ]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} does not match the account's secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        entries = unwrap(read(request.body), is_told, PAGES)
        if not entries:
            raise InvalidRequestError("body", "holds no ticket; a JSON object is expected")
        return [event for entry in entries for event in self._read(entry)]

    def _read(self, entry: Loose) -> list[IncomingEvent]:
        ticket, article = plain(entry)
        thread = ticket.text("id") or article.text("ticket_id")
        if not thread:
            raise InvalidRequestError("ticket.id", "is missing; send Zammad's default payload")
        found = [
            event
            for event in (self._message(ticket, article, thread), self._status(ticket, thread))
            if event is not None
        ]
        if found:
            return found
        raw = as_json(entry.values)
        at_us = ticket.moment_us("updated_at", "created_at")
        unknown = UnrecognisedEvent("trigger", raw)
        return [IncomingEvent(digest(raw), self.kind, "", unknown, at_us)]

    def _message(self, ticket: Loose, article: Loose, thread: str) -> IncomingEvent | None:
        message_id = article.text("id")
        if not message_id or article.flag("internal"):
            return None
        kind = _kind(ticket, article)
        author = _author(ticket, article, kind)
        at_us = article.moment_us("created_at")
        edited = _edited(article)
        body = WrittenMessage(
            message_id=message_id,
            author_kind=kind,
            author_name=_full_name(author) or _display_name(article.text("from")),
            text=_text(article),
            reply_to_message_id=article.text("in_reply_to"),
            language_hint=article.text("detected_language"),
            identifiers=author_identifiers(author) if kind == "customer" else (),
            edited=edited,
            attachments=_attachments(article),
            subject=article.text("subject") or ticket.text("title"),
            is_public=_name(article, "type").lower() in _PUBLIC,
        )
        event_id = f"article:{message_id}"
        if edited:
            at_us = article.moment_us("updated_at")
            event_id += f":{at_us}"
        author_id = author.text("id", "email") or article.text("created_by_id")
        return IncomingEvent(event_id, self.kind, thread, body, at_us, author_id=author_id)

    def _status(self, ticket: Loose, thread: str) -> IncomingEvent | None:
        status: Status | None = STATUSES.get(_name(ticket, "state").lower())
        if status is None:
            return None
        owner = ticket.object("owner")
        assignee = owner.text("id", "login") or ticket.text("owner_id", "owner")
        # "2 normal" is how Zammad names it.
        priority = _name(ticket, "priority").partition(" ")[2].lower()
        body = StatusChange(status, "" if assignee in _NOBODY else assignee, priority)
        at_us = ticket.moment_us("updated_at", "created_at")
        version = f"{at_us or ''}:{status}:{body.assignee}:{priority}"
        return IncomingEvent(f"ticket:{thread}:{version}", self.kind, thread, body, at_us)


def _name(record: Loose, field: str) -> str:
    """Return a related record's name; some versions send the name, some the whole record."""
    return record.object(field).text("name") or record.text(field)


def _kind(ticket: Loose, article: Loose) -> AuthorKind:
    named = _name(article, "sender").lower() or _SENDERS.get(article.text("sender_id"), "")
    if named:
        return _KINDS.get(named, "agent")
    # A template of one's own may leave it out.
    customer, writer = ticket.object("customer"), article.object("created_by")
    writer_id = writer.text("id") or article.text("created_by_id")
    return "customer" if writer_id in ("", customer.text("id")) else "agent"


def _edited(article: Loose) -> bool:
    created, updated = article.moment_us("created_at"), article.moment_us("updated_at")
    return created is not None and updated is not None and updated - created > _SAVING_US


def _author(ticket: Loose, article: Loose, kind: AuthorKind) -> Loose:
    """Return the person: on the phone an agent writes down what the customer says."""
    customer, writer = ticket.object("customer"), article.object("created_by")
    if kind == "bot":
        return Loose()
    name, address = parseaddr(article.text("from"))
    if not writer:
        # The API names people by their addresses.
        login = article.text("created_by")
        email = login if "@" in login else address
        told = {"id": article.text("created_by_id"), "email": email, "firstname": name}
        writer = Loose(told if kind == "customer" else {**told, "email": login})
    if kind != "customer":
        return writer
    if not customer and "origin_by_id" in article:
        origin = {"id": article.text("origin_by_id"), "email": article.text("origin_by")}
        return Loose({**origin, "firstname": name})
    email = writer.text("email")
    another = bool(email) and email in article.text("from") and email != customer.text("email")
    return customer if customer and not another else writer


def _full_name(person: Loose) -> str:
    return " ".join(filter(None, (person.text("firstname"), person.text("lastname"))))


def _display_name(mailbox: str) -> str:
    """Return the name out of "Name <address>"."""
    return mailbox.partition("<")[0].strip().strip('"')


def _text(article: Loose) -> str:
    body = article.text("body")
    return plain_text(body) if article.text("content_type").startswith("text/html") else body


def _attachments(article: Loose) -> tuple[Attachment, ...]:
    found = []
    for one in article.objects("attachments"):
        preferences = one.object("preferences")
        media_type = preferences.text("Content-Type", "Mime-Type", "content_type").partition(";")[0]
        name = one.text("filename", "store_filename")
        found.append(
            Attachment(
                kind_of(media_type) if media_type else kind_of_file(name),
                media_id=one.text("id"),
                url=one.text("url"),
                media_type=media_type,
                name=name,
                size_bytes=max(int(one.number("size") or 0), 0),
                inline=preferences.text("Content-Disposition").startswith("inline"),
            )
        )
    return tuple(found)
