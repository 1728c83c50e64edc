"""Mail that the organisation's mail server hands over by SMTP."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.gateway.channels.mail import headers, reading
from services.gateway.channels.mail.settings import MailSettings, listening_at
from services.gateway.parsing import beside_the_loop
from services.gateway.sources.imap import read_or_keep
from services.gateway.sources.source import Surroundings

_MOST_CONNECTIONS = 50
_MOST_COMMANDS = 2000
_MOST_RECIPIENTS = 100
_SILENT_SECONDS = 120.0
_RETRY_SECONDS = 10.0
_BUSY = b"421 4.7.0 Too many connections, try again later\r\n"


class SmtpSource:
    """Answers 250 only after everything is durable; until then the mail is the server's."""

    kind = reading.KIND

    def wanted(self, settings: MailSettings) -> bool:
        return bool(settings.listen)

    async def run(self, around: Surroundings, settings: MailSettings) -> None:
        handler = _Handler(around, settings)
        server = await self._listening(handler, around, settings)
        try:
            around.report("")
            await handler.bug
        finally:
            server.close()
            handler.close_all()
            await server.wait_closed()

    async def _listening(
        self, handler: _Handler, around: Surroundings, settings: MailSettings
    ) -> asyncio.Server:
        host, port = listening_at(settings.listen)
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.create_server(lambda: _Connection(handler, settings), host, port)
            except OSError as error:
                around.report(f"cannot listen at {settings.listen}: {error}")
                await around.pause(_RETRY_SECONDS)


class _Handler:
    """What aiosmtpd calls; it answers for errors, so a bug is carried out of the connection."""

    def __init__(self, around: Surroundings, settings: MailSettings) -> None:
        self._around = around
        self._settings = settings
        self._accepted = {one.lower() for one in settings.accepted_recipients}
        self.connections: set[_Connection] = set()
        self.bug: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def close_all(self) -> None:
        for connection in list(self.connections):
            connection.drop()

    async def handle_RCPT(  # noqa: N802  # the library's name and order
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        _ = server, session, options
        if self._accepted and address.lower() not in self._accepted:
            return "550 5.1.1 No such address here"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        _ = server, session
        raw = _with_envelope(envelope)
        events = await beside_the_loop(lambda: read_or_keep(raw, self._settings.rules))
        await self._around.take(events, raw)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        if not self.bug.done():
            self.bug.set_exception(error)
        return "451 4.3.0 Something is broken here, try again later"


class _Connection(SMTP):
    def __init__(self, handler: _Handler, settings: MailSettings) -> None:
        super().__init__(
            handler,
            data_size_limit=settings.largest_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.address.rpartition("@")[2] or "localhost",
            ident="ESMTP",
            timeout=_SILENT_SECONDS,
            command_call_limit=_MOST_COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self._handler = handler

    def connection_made(self, transport: Any) -> None:
        if len(self._handler.connections) >= _MOST_CONNECTIONS:
            transport.write(_BUSY)
            transport.close()
            return
        self._handler.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._handler.connections:
            self._handler.connections.discard(self)
            super().connection_lost(error)

    def drop(self) -> None:
        if self.transport is not None:
            self.transport.close()


def _with_envelope(envelope: Envelope) -> bytes:
    """Write down who the mail came from and went to: its own headers need not say so."""
    raw = envelope.content if isinstance(envelope.content, bytes) else b""
    known, _ = headers.split(raw)
    lines = []
    if "return-path" not in known:
        sender = (envelope.mail_from or "").strip("<>")
        lines.append(f"Return-Path: <{sender}>")
    if "delivered-to" not in known and envelope.rcpt_tos:
        lines.append(f"Delivered-To: {envelope.rcpt_tos[0]}")
    head = "".join(f"{line}\r\n" for line in lines)
    return head.encode(errors="surrogateescape") + raw
