"""A mail server that takes everything and delivers nothing.

Mail is no HTTP, so what it takes comes by SMTP: ``GET /mail/smtp`` (``?port=2525`` for a certain
port) opens the sink and tells the account's ``submission``, "smtp://127.0.0.1:<port>". What the
sink takes is in the book of all platforms.
"""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.simulator.platforms.platform import Book, Sandbox

_LARGEST = 25 * 1024 * 1024
_REFUSED = "refused@"
_LATER = "later@"


class MailSink:
    """Takes mails into the book; an id comes once, as many mailboxes show it once.

    A recipient "refused@…" is answered 550 and "later@…" 451, to try out both.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def open(self, port: int = 0) -> None:
        """Listen on loopback; once it does, another call changes nothing."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._connection, "127.0.0.1", port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def handle_RCPT(  # noqa: N802  # the library's name and order
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        _ = server, session, options
        if address.startswith(_REFUSED):
            return "550 5.1.1 No such user"
        if address.startswith(_LATER):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        _ = server, session
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(raw)
        message_id = str(mail.get("Message-ID", "")).strip()
        if not message_id or not mail.get("From") or not mail.get("Date"):
            return "554 5.6.0 From, Date and Message-ID are required"
        payload = {
            "from": envelope.mail_from or "",
            "to": list(envelope.rcpt_tos),
            "subject": str(make_header(decode_header(str(mail.get("Subject", ""))))),
            "message_id": message_id,
            "in_reply_to": str(mail.get("In-Reply-To", "")),
            "automatic": str(mail.get("Auto-Submitted", "no")) != "no",
            "files": [part.get_filename() for part in mail.walk() if part.get_filename()],
        }
        self._book.keep(", ".join(envelope.rcpt_tos), _text(mail), payload, key=message_id)
        return "250 2.0.0 Taken"

    def _connection(self) -> SMTP:
        return SMTP(
            self,
            hostname="localhost",
            data_size_limit=_LARGEST,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )


class MailSandbox(Sandbox):
    kind = "mail"

    def __init__(self) -> None:
        self._sinks: list[MailSink] = []

    async def close(self) -> None:
        """Close the sinks; a process that ends does so by itself."""
        for sink in self._sinks:
            await sink.close()

    def routes(self, book: Book) -> list[web.RouteDef]:
        sink = MailSink(book)
        self._sinks.append(sink)

        async def open_sink(request: web.Request) -> web.Response:
            port = request.query.get("port", "0")
            if not (port.isascii() and port.isdigit()):
                raise web.HTTPBadRequest(text="port is not a number")
            await sink.open(int(port))
            return web.json_response({"submission": f"smtp://127.0.0.1:{sink.port}"})

        return [web.get("/smtp", open_sink)]


def _text(mail: Message) -> str:
    part = next((one for one in mail.walk() if one.get_content_type() == "text/plain"), None)
    data = part.get_payload(decode=True) if part is not None else b""
    return data.decode("utf-8", "replace").strip() if isinstance(data, bytes) else ""
