"""What an account's settings say of mail, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from services.gateway.channels import standard_webhooks
from services.gateway.channels.mail import addresses, automatic, reading
from services.gateway.channels.mail.oauth import OAuth

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
    ``oauth_…``: for servers that take access tokens instead of passwords; without a refresh token
    they are asked for in the application's own name.
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
    oauth_token_url: str = ""
    oauth_client_id: str = ""
    oauth_client_secret: str = field(default="", repr=False)
    oauth_refresh_token: str = field(default="", repr=False)
    oauth_scope: str = ""
    sign: str = ""
    spam_headers: bool = True
    dmarc_fail_is_spam: bool = False
    authentication_authority: str = ""

    @property
    def oauth(self) -> OAuth | None:
        if not self.oauth_token_url:
            return None
        return OAuth(
            self.oauth_token_url,
            self.oauth_client_id,
            self.oauth_client_secret,
            self.oauth_refresh_token,
            self.oauth_scope,
        )

    @property
    def rules(self) -> reading.Rules:
        own = (*self.own_addresses, self.address) if self.address else self.own_addresses
        verdicts = automatic.Verdicts(
            self.spam_headers, self.dmarc_fail_is_spam, self.authentication_authority
        )
        return reading.Rules(own, verdicts)


def check(settings: MailSettings) -> None:
    """Raise ``ValueError`` that names the setting, says what it looks like, and shows no secret."""
    standard_webhooks.check_secrets(settings.secrets)
    if settings.sign not in ("", "name", "initials"):
        raise ValueError(f'sign is {settings.sign!r}; expected is "", "name" or "initials"')
    if settings.address and not _is_address(settings.address):
        raise ValueError('address is not a mail address like "help@example.org"')
    if settings.poll_seconds <= 0 or settings.largest_bytes <= 0:
        raise ValueError("poll_seconds and largest_bytes must be positive")
    _check_ways_in(settings)
    _check_way_out(settings)


def _check_ways_in(settings: MailSettings) -> None:
    for mailbox in settings.mailboxes:
        _check_server(mailbox, "mailboxes", _IMAP_SCHEMES)
        if not mailbox.isascii():
            raise ValueError("mailboxes holds a folder that is not written as its server lists it")
        if urlsplit(mailbox).scheme == "imap" and not _is_loopback(mailbox):
            raise ValueError("mailboxes holds imap://, which shows the password; use imaps://")
    if settings.listen:
        listening_at(settings.listen)


def _check_way_out(settings: MailSettings) -> None:
    if settings.submission:
        _check_server(settings.submission, "submission", _SMTP_SCHEMES)
        if not settings.address:
            raise ValueError("address is missing: answers need an address they come from")
    if settings.oauth_token_url and not settings.oauth_token_url.startswith("https://"):
        raise ValueError("oauth_token_url is not an https address")
    if settings.oauth_token_url and not settings.oauth_client_id:
        raise ValueError("oauth_client_id is missing: oauth_token_url alone gives no token")


def listening_at(listen: str) -> tuple[str, int]:
    """Return host and port of "127.0.0.1:2525". Raise ``ValueError`` for what is none."""
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 <= int(port) <= _HIGHEST_PORT):
        raise ValueError('listen is not a host and a port like "127.0.0.1:2525"')
    return host.strip("[]"), int(port)


def _check_server(address: str, setting: str, schemes: Sequence[str]) -> None:
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
