"""Mails from machines about our mails: bounces (RFC 3464), read receipts (RFC 8098), complaints."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.gateway.channels.mail import headers as header_blocks
from services.gateway.channels.mail import threads
from services.gateway.channels.mail.entities import Entity
from services.gateway.channels.mail.headers import Headers
from services.gateway.domain.incoming import Receipt, ReceiptKind, UnrecognisedEvent

_STATUS = "message/delivery-status"
_GLOBAL_STATUS = "message/global-delivery-status"
_DISPOSITION = ("message/disposition-notification", "message/global-disposition-notification")
_FEEDBACK = "message/feedback-report"
_ORIGINALS = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "message/global-headers",
)
_KINDS: dict[str, ReceiptKind] = {
    "failed": "failed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_READ = ("displayed", "opened")
_BLOCKS = re.compile(rb"\r?\n[ \t]*\r?\n")
_MOST_BLOCKS = 200
_LONGEST_REASON = 500
_ORIGINAL_ID = re.compile(r"(?im)^\s{0,10}message-id\s{0,3}:\s{0,5}(<[^<>\s]{1,500}>)")
_LONGEST_BOUNCE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Report:
    """``body`` is what became of it, ``original`` the reported mail's headers if they are there."""

    body: Receipt | UnrecognisedEvent
    thread_id: str
    party: str = ""


def read(mail: Entity) -> Report | None:
    """Return what a mail reports of a mail of ours; None when it reports nothing of that kind."""
    parts = {part.media_type: part for part in reversed(list(mail.walk()))}
    original = next((parts[name] for name in _ORIGINALS if name in parts), None)
    about = header_blocks.split(original.content)[0] if original is not None else Headers(())
    status = parts.get(_STATUS) or parts.get(_GLOBAL_STATUS)
    if status is not None:
        return _delivery(mail, status, about)
    notice = next((parts[name] for name in _DISPOSITION if name in parts), None)
    if notice is not None:
        return _disposition(mail, notice, about)
    if _FEEDBACK in parts:
        kind = header_blocks.split(parts[_FEEDBACK].content)[0].word("feedback-type") or "unknown"
        body = UnrecognisedEvent(f"feedback-report.{kind}"[:64], mail.raw)
        return Report(body, _thread(about, _ids(mail, about, "")))
    if "x-failed-recipients" in mail.headers:
        return _plain_bounce(mail, about)
    return None


def _delivery(mail: Entity, status: Entity, about: Headers) -> Report | None:
    blocks = [
        header_blocks.split(block.lstrip(b"\r\n"))[0]
        for block in _BLOCKS.split(status.content)[:_MOST_BLOCKS]
    ]
    recipients = [block for block in blocks if "action" in block or "final-recipient" in block]
    actions = [block.word("action") for block in recipients]
    # One failure of several recipients is a failure.
    worst = next((name for name in ("failed", "delayed", *_KINDS) if name in actions), "")
    named = next((block for block in recipients if block.word("action") == worst), Headers(()))
    ids = _ids(mail, about, blocks[0].text("original-envelope-id") if blocks else "")
    kind = _KINDS.get(worst)
    if kind is None:
        if not recipients and "x-failed-recipients" in mail.headers:
            return _plain_bounce(mail, about)
        body = UnrecognisedEvent(f"delivery-status.{worst or 'unknown'}"[:64], mail.raw)
        return Report(body, _thread(about, ids))
    if not ids:
        return None
    party = _address(named.text("final-recipient") or named.text("original-recipient"))
    reason = named.text("diagnostic-code").partition(";")[2].strip() or named.text("status")
    reason = " ".join(reason.split())[:_LONGEST_REASON]
    receipt = Receipt(kind, ids, code=named.word("status")[:64], reason=reason)
    return Report(receipt, _thread(about, ids), party)


def _disposition(mail: Entity, notice: Entity, about: Headers) -> Report | None:
    fields = header_blocks.split(notice.content.lstrip(b"\r\n"))[0]
    mode, _, kind = fields.text("disposition").partition(";")
    kind = re.split(r"[\s/(]", kind.strip().lower())[0]
    ids = tuple(threads.ids(fields.text("original-message-id"))) or _ids(mail, about, "")
    if kind not in _READ or not ids:
        name = kind or mode.strip().lower() or "unknown"
        body = UnrecognisedEvent(f"disposition-notification.{name}"[:64], mail.raw)
        return Report(body, _thread(about, ids))
    party = _address(fields.text("final-recipient") or fields.text("original-recipient"))
    return Report(Receipt("read", ids), _thread(about, ids), party)


def _plain_bounce(mail: Entity, about: Headers) -> Report | None:
    """Read a bounce that has no form: the original's headers stand somewhere in its text."""
    found = _ORIGINAL_ID.search(mail.body[:_LONGEST_BOUNCE].decode("utf-8", "replace"))
    ids = _ids(mail, about, "") or tuple(threads.ids(found[1]) if found else ())
    if not ids:
        return None
    party = mail.headers.text("x-failed-recipients").split(",")[0].strip().lower()
    return Report(
        Receipt("failed", ids, reason=mail.headers.text("subject")), _thread(about, ids), party
    )


def _ids(mail: Entity, about: Headers, envelope_id: str) -> tuple[str, ...]:
    """Return the reported mail's id: as it was returned, else as the report answers it."""
    found = threads.ids(about.text("message-id"))
    if not found and threads.thread_of(envelope_id):
        found = [envelope_id]
    return tuple(found[:1]) or tuple(
        (threads.parents(mail.headers) or threads.references(mail.headers))[:1]
    )


def _thread(about: Headers, ids: tuple[str, ...]) -> str:
    return threads.thread_id(about, threads.thread_of(ids[0]) or ids[0]) if ids else ""


def _address(recipient: str) -> str:
    """Return the address of "rfc822; someone@example.org"."""
    return recipient.rpartition(";")[2].strip().strip("<>").lower()[:320]
