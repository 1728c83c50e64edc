"""Writing a mail: the bytes that go to the server, the same for the same reply and time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from services.gateway.channels.mail import threads

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")
_BREAK = "\r\n"
_LINE = 900
# What cannot be decoded by a text's charset or would end a header.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Enclosure:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``references``: the ids of the mails before, the answered one last."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    text: str
    written_at_us: int
    sender_name: str = ""
    recipient_name: str = ""
    references: tuple[str, ...] = ()
    thread_id: str = ""
    automatic: bool = False
    enclosures: tuple[Enclosure, ...] = ()


def compose(mail: Outgoing) -> bytes:
    """Return the mail. The library writes the body alone: it breaks long ids in headers."""
    written_at = datetime.fromtimestamp(mail.written_at_us // 1_000_000, UTC)
    fields = [
        ("Date", format_datetime(written_at)),
        ("From", _mailbox(mail.sender_name, mail.sender)),
        ("To", _mailbox(mail.recipient_name, mail.recipient)),
        ("Subject", _words(mail.subject)),
        ("Message-ID", f"<{_clean(mail.message_id)}>"),
    ]
    known = [f"<{_clean(one)}>" for one in mail.references if not one.startswith("sha256:")]
    if known:
        fields += [("In-Reply-To", known[-1]), ("References", f"{_BREAK} ".join(known))]
    if mail.thread_id and len(mail.thread_id) <= threads.LONGEST_ID and mail.thread_id.isascii():
        fields.append((threads.THREAD_HEADER, _clean(mail.thread_id)))
    if mail.automatic:
        fields += [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
    head = "".join(f"{name}: {value}{_BREAK}" for name, value in fields)
    return head.encode("ascii", "replace") + _body(mail).as_bytes()


def _body(mail: Outgoing) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    text = mail.text.encode(errors="replace").decode()
    is_plain = text.isascii() and all(len(line) < _LINE for line in text.split("\n"))
    encoding = "7bit" if is_plain else "base64"
    message.set_content(text + "\n", charset="utf-8", cte=encoding)
    for one in mail.enclosures:
        media_type = one.media_type.lower()
        if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(
            ("multipart/", "message/")
        ):
            media_type = "application/octet-stream"
        main, _, sub = media_type.partition("/")
        message.add_attachment(
            one.content,
            maintype=main,
            subtype=sub,
            cte="base64",
            filename=_clean(one.name) or "file",
        )
    if message.is_multipart():
        message.set_boundary(f"=_{sha256(mail.message_id.encode()).hexdigest()[:32]}")
    return message


def _mailbox(name: str, address: str) -> str:
    name, address = _CONTROL.sub(" ", name).strip(), _clean(address)
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = domain.encode("idna").decode()
    address = f"{local}@{domain}"
    if not name:
        return address
    if not name.isascii():
        return f"{_words(name)} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f"{name} <{address}>" if _PLAIN_NAME.fullmatch(name) else f'"{escaped}" <{address}>'


def _words(text: str) -> str:
    text = _CONTROL.sub(" ", text).strip()
    header = Header(text, None if text.isascii() else "utf-8", maxlinelen=76)
    return header.encode(linesep=_BREAK)


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
