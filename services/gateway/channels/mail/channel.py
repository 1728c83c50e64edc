"""Mail: what a mailbox or a mail server hands over, and raw mails that are pushed.

Whoever pushes one signs it by Standard Webhooks; the body is the mail as it went over the wire.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from services.gateway.channels import standard_webhooks
from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.mail import addresses, automatic, reading
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import IncomingEvent

Sign: TypeAlias = Literal["", "name", "initials"]

# Ours alone: what stands in a request under this name is thrown away.
RULES_HEADER = "careline-mail-rules"
_SMTP_SCHEMES = ("smtp", "smtps")
_IMAP_SCHEMES = ("imap", "imaps")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class MailSettings:
    """One support address and the ways in and out of it.

    ``mailboxes``: "imaps://user:password@host:993/INBOX", each watched on its own.
    ``listen``: "127.0.0.1:2525", where a mail server hands over by SMTP; it does no TLS and no
    authentication, so that only the mail server itself must reach it.
    ``submission``: "smtp://user:password@host:587" (STARTTLS where offered) or "smtps://…:465".
    ``own_addresses``: the organisation's, "@example.org" for a whole domain; who writes from one
    is an agent.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    address: str = ""
    name: str = ""
    own_addresses: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = field(default=(), repr=False)
    mark_seen: bool = False
    poll_seconds: int = 60
    listen: str = ""
    accepted_recipients: tuple[str, ...] = ()
    largest_bytes: int = 25 * 1024 * 1024
    submission: str = field(default="", repr=False)
    sign: str = ""
    spam_headers: bool = True
    dmarc_fail_is_spam: bool = False
    authentication_authority: str = ""

    @property
    def rules(self) -> reading.Rules:
        own = (*self.own_addresses, self.address) if self.address else self.own_addresses
        verdicts = automatic.Verdicts(
            self.spam_headers, self.dmarc_fail_is_spam, self.authentication_authority
        )
        return reading.Rules(own, verdicts)


class MailChannel(PlatformChannel):
    """``POST /v1/mail/{organisation}/{account}`` with a raw mail; see ``sources`` for the rest."""

    kind = reading.KIND
    path = "/v1/mail"
    settings = MailSettings
    # A mail is written by anybody: what is not understood is kept, not sent back.
    strict = False
    accepted = None

    def check(self, settings: MailSettings) -> None:
        standard_webhooks.check_secrets(settings.secrets)
        if settings.sign not in ("", "name", "initials"):
            raise ValueError(f'sign is {settings.sign!r}; expected is "", "name" or "initials"')
        if settings.address and not _is_address(settings.address):
            raise ValueError('address is not a mail address like "help@example.org"')
        for mailbox in settings.mailboxes:
            check_server(mailbox, "mailboxes", _IMAP_SCHEMES)
            if not mailbox.isascii():
                raise ValueError(
                    "mailboxes holds a folder that is not written as its server lists it"
                )
            if urlsplit(mailbox).scheme == "imap" and not _is_loopback(mailbox):
                raise ValueError("mailboxes holds imap://, which shows the password; use imaps://")
        if settings.submission:
            check_server(settings.submission, "submission", _SMTP_SCHEMES)
        if settings.submission and not settings.address:
            raise ValueError("address is missing: answers need an address they come from")
        if settings.listen:
            listening_at(settings.listen)
        if settings.poll_seconds <= 0 or settings.largest_bytes <= 0:
            raise ValueError("poll_seconds and largest_bytes must be positive")

    def verify(
        self, request: InboundRequest, settings: MailSettings, now_us: int
    ) -> InboundRequest:
        standard_webhooks.verify(request, settings.secrets, now_us)
        return replace(request, headers={**request.headers, RULES_HEADER: _written(settings.rules)})

    def parse(self, request: InboundRequest) -> Sequence[IncomingEvent]:
        return reading.read(request.body, _rules(request.headers.get(RULES_HEADER, "")))


def listening_at(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:2525". Raise ``ValueError`` for what is none."""
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 <= int(port) <= _HIGHEST_PORT):
        raise ValueError('listen is not a host and a port like "127.0.0.1:2525"')
    return host.strip("[]"), int(port)


def check_server(address: str, setting: str, schemes: Sequence[str]) -> None:
    """Raise ``ValueError`` that does not repeat the address: it holds a password."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ValueError(f"{setting} holds an address that cannot be read") from None
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(
            f'{setting} holds an address that is not like "{schemes[-1]}://user:password@host:port"'
        )


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_address(text: str) -> bool:
    found = addresses.read(text)
    return len(found) == 1 and found[0].address == text


def _written(rules: reading.Rules) -> str:
    verdicts = rules.verdicts
    return json.dumps(
        [
            rules.own_addresses,
            verdicts.spam_headers,
            verdicts.dmarc_fail_is_spam,
            verdicts.authority,
        ]
    )


def _rules(text: str) -> reading.Rules:
    """Read what ``verify`` wrote; a mail from a file has none."""
    if not text:
        return reading.Rules()
    own, spam_headers, dmarc_fail_is_spam, authority = json.loads(text)
    return reading.Rules(
        tuple(own), automatic.Verdicts(spam_headers, dmarc_fail_is_spam, authority)
    )
