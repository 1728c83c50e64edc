"""One mail, as bytes, to what it tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.gateway.channels.mail import (
    addresses,
    automatic,
    content,
    entities,
    quoting,
    reports,
    threads,
    times,
)
from services.gateway.channels.mail.addresses import Mailbox
from services.gateway.channels.mail.headers import Headers
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    AuthorKind,
    Identifier,
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

KIND = "mail"
LARGEST = 50 * 1024 * 1024

_SENDERS = ("from", "x-original-from", "resent-from", "sender", "reply-to", "return-path")
_MAILBOXES = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
_GROUP_MARKS = ("x-original-sender", "x-original-from")
_LIST_MARKS = ("list-id", "list-post", "x-beenthere", "x-mailman-version", "mailing-list")
_LONGEST_SUBJECT = 1000
_LONGEST_ADDRESS = 320
_MOST_REFERENCES = 15


@dataclass(frozen=True, slots=True)
class Rules:
    """What an account's settings say about reading: its own addresses, and whom to believe."""

    own_addresses: tuple[str, ...] = ()
    verdicts: automatic.Verdicts = field(default_factory=automatic.Verdicts)

    def is_ours(self, address: str) -> bool:
        """Tell whether an address, or its domain as "@example.org", is the organisation's."""
        address = address.lower()
        own = {one.lower() for one in self.own_addresses}
        return address in own or address[address.rfind("@") :] in own


def read(raw: bytes, rules: Rules | None = None) -> list[IncomingEvent]:
    """Return what a mail tells. Raise ``InvalidRequestError`` for what is none."""
    rules = rules or Rules()
    if len(raw) > LARGEST:
        raise InvalidRequestError("body", f"has {len(raw)} bytes; at most {LARGEST} are allowed")
    mail = entities.read(raw.lstrip(b"\xef\xbb\xbf\r\n\t \0"))
    if not len(mail.headers):
        raise InvalidRequestError("body", 'is no mail: it does not begin with headers like "From:"')
    own_id = threads.message_id(mail.headers, raw)
    report = reports.read(mail)
    if report is not None:
        return [_reported(mail, report, own_id)]
    return [_written(mail, rules, own_id)]


def _reported(mail: entities.Entity, report: reports.Report, own_id: str) -> IncomingEvent:
    known = not isinstance(report.body, UnrecognisedEvent)
    return IncomingEvent(
        event_id=own_id,
        channel=KIND,
        thread_id=report.thread_id if known else "",
        body=report.body,
        occurred_at_us=times.occurred_at_us(mail.headers),
        author_id=report.party if known else "",
    )


def _written(mail: entities.Entity, rules: Rules, own_id: str) -> IncomingEvent:
    headers = mail.headers
    author, kind = _author(headers, rules)
    found = content.read(mail)
    said = quoting.split(found.text)
    thread = threads.thread_id(headers, own_id)
    parents = threads.parents(headers) or threads.references(headers)[-1:]
    body = WrittenMessage(
        message_id=own_id,
        author_kind=kind,
        author_name=author.name[:_LONGEST_ADDRESS],
        text=said.text,
        reply_to_message_id=parents[0] if parents else "",
        language_hint=_language(headers),
        identifiers=(Identifier("email", author.key),) if author.address else (),
        attachments=tuple(found.attachments),
        subject=_subject(headers),
        quoted_text=said.quoted,
        signature=said.signature,
        reply_address=_reply_address(headers, rules, author, own_id),
        automatic=automatic.is_automatic(headers, author.key),
        spam=automatic.is_spam(headers, rules.verdicts),
    )
    return IncomingEvent(
        event_id=own_id,
        channel=KIND,
        thread_id=thread,
        body=body,
        occurred_at_us=times.occurred_at_us(headers),
        author_id=author.key[:_LONGEST_ADDRESS],
    )


def _author(headers: Headers, rules: Rules) -> tuple[Mailbox, AuthorKind]:
    """Return who wrote: the customer behind a contact form, too, if it says so in Reply-To."""
    author = _first(headers, _SENDERS)
    if " via " in author.name:
        author = _behind_the_list(headers, author)
    elif any(name in headers for name in _GROUP_MARKS):
        original = _first(headers, _GROUP_MARKS)
        author = original if original.address and original.key != author.key else author
    if automatic.is_from_server(headers, author.key):
        return author, "system"
    if not rules.is_ours(author.address):
        return author, "customer"
    for other in addresses.read(headers.raw("reply-to")):
        if not rules.is_ours(other.address):
            return other, "customer"
    return author, "bot" if automatic.is_automatic(headers, author.key) else "agent"


def _behind_the_list(headers: Headers, shown: Mailbox) -> Mailbox:
    """Return who wrote to a mailing list that puts its own address into From."""
    names: tuple[str, ...] = ("x-original-from", "x-original-sender", "x-mailfrom")
    if any(name in headers for name in _LIST_MARKS):
        names = (*names, "reply-to")
    found = _first(headers, names)
    if not found.address or found.key == shown.key:
        return shown
    return Mailbox(found.name or shown.name.rpartition(" via ")[0].strip("' "), found.address)


def _first(headers: Headers, names: Sequence[str]) -> Mailbox:
    for name in names:
        for value in headers.all(name):
            found = addresses.read(value)
            if found:
                return found[0]
    return Mailbox("", "")


def _language(headers: Headers) -> str:
    words = [*headers.raw("content-language").replace(",", " ").split(), ""]
    first = words[0]
    is_tag = first.replace("-", "").isalnum() and first.isascii() and len(first) <= 35  # noqa: PLR2004
    return first if is_tag else ""


def _reply_address(headers: Headers, rules: Rules, author: Mailbox, own_id: str) -> str:
    """Return, as JSON, what an answer must know; the thread's id alone does not tell it."""
    answer_to = [
        one for one in addresses.read(headers.raw("reply-to")) if not rules.is_ours(one.address)
    ]
    to = answer_to[0].address if answer_to else author.address
    references = threads.references(headers)
    if len(references) > _MOST_REFERENCES:
        references = [references[0], *references[1 - _MOST_REFERENCES :]]
    address = {
        "to": to,
        "name": (answer_to[0] if answer_to else author).name,
        "subject": _subject(headers),
        "message_id": own_id,
        "references": references,
        "mailbox": _mailbox(headers, rules),
        "automatic": automatic.is_automatic(headers, author.key),
    }
    return json.dumps(address, ensure_ascii=False)


def _subject(headers: Headers) -> str:
    return " ".join(headers.text("subject").split())[:_LONGEST_SUBJECT]


def _mailbox(headers: Headers, rules: Rules) -> str:
    """Return the address of ours that was written to."""
    found = [
        one for name in _MAILBOXES for value in headers.all(name) for one in addresses.read(value)
    ]
    ours = [one for one in found if rules.is_ours(one.address)]
    to = addresses.read(headers.raw("to"))
    return next((one.address for one in (*ours, *to)), "")
