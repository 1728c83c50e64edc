"""Handing a mail over to the organisation's own mail server."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)

_SUBMISSION_PORT = 587
_TLS_PORT = 465
# Of connecting and of each answer. Whoever sends waits half a minute in all: that a server cannot
# be reached must be known by then, or it would look like a mail that may have gone out.
_SECONDS = 8.0
# A server may look into a message before it takes it.
_TAKING_SECONDS = 20.0
_LONGEST_REASON = 300
_TRANSIENT = range(400, 500)


async def submit_mail(server: str, message: bytes, sender: str, recipients: Sequence[str]) -> None:
    """Submit to "smtp://user:password@host:587" (STARTTLS) or "smtps://…:465".

    With "smtps+xoauth2://" what stands for the password is an access token.

    A password goes out over TLS only, unless the server is this machine itself. Raise
    ``TryLaterError`` (4xx, no connection), ``ReplyRefusedError`` (5xx) or ``UnknownOutcomeError``.
    """
    parts = urlsplit(server)
    implicit_tls = parts.scheme.startswith("smtps")
    client = aiosmtplib.SMTP(
        hostname=parts.hostname or "",
        port=parts.port or (_TLS_PORT if implicit_tls else _SUBMISSION_PORT),
        use_tls=implicit_tls,
        start_tls=False,
        tls_context=ssl.create_default_context(),
        timeout=_SECONDS,
    )
    try:
        await _open(client, parts, implicit_tls=implicit_tls)
        await client.mail(sender)
        for recipient in recipients:
            await client.rcpt(recipient)
        await _hand_over(client, message)
    except aiosmtplib.SMTPResponseException as error:
        raise _meaning(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        # Not a byte of the message had gone out.
        raise TryLaterError(f"the mail server cannot be reached: {error}") from error
    finally:
        client.close()


async def _open(client: aiosmtplib.SMTP, parts: SplitResult, *, implicit_tls: bool) -> None:
    await client.connect()
    await client.ehlo()
    is_encrypted = implicit_tls
    if not implicit_tls and client.supports_extension("starttls"):
        await client.starttls()
        await client.ehlo()
        is_encrypted = True
    if not parts.username:
        return
    if not is_encrypted and not _is_this_machine(parts.hostname or ""):
        raise ReplyRefusedError(
            "no_encryption",
            "the mail server offers no TLS, and the password must not go out without",
            "use smtps:// or a server that offers STARTTLS",
        )
    user, password = unquote(parts.username), unquote(parts.password or "")
    if parts.scheme.endswith("+xoauth2"):
        await client.auth_xoauth2(user, password)
    else:
        await client.login(user, password)


async def _hand_over(client: aiosmtplib.SMTP, message: bytes) -> None:
    try:
        await client.data(message, timeout=_TAKING_SECONDS)
    except aiosmtplib.SMTPResponseException:
        raise
    except (aiosmtplib.SMTPException, OSError) as error:
        raise UnknownOutcomeError(
            f"the mail server did not say whether it took the mail: {error}"
        ) from error


def _meaning(code: int, said: str) -> ReplyRefusedError | TryLaterError:
    reason = f"the mail server answered {code}: {' '.join(said.split())[:_LONGEST_REASON]}"
    if code in _TRANSIENT:
        return TryLaterError(reason)
    return ReplyRefusedError(f"smtp_{code}", reason, "check the address, or write elsewhere")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
