"""Mailboxes: watched by IDLE where the server can, else asked from time to time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import unquote, urlsplit

import structlog
from aioimaplib import aioimaplib

from services.gateway.channels.mail import reading
from services.gateway.channels.mail.oauth import FORM_HEADERS, TokenError, read_token
from services.gateway.channels.mail.settings import MailSettings
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent, UnrecognisedEvent
from services.gateway.parsing import beside_the_loop
from services.gateway.sources.source import Surroundings

log = structlog.get_logger(__name__)

_CALL_SECONDS = 30.0
# Shorter than what address translators forget a silent connection after.
_IDLE_SECONDS = 9 * 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 300.0
_CURSOR_EVERY = 20
# When the server numbers its mails anew, so many days are read again; repeats are dropped.
_DAYS_READ_AGAIN = 3

_UID_VALIDITY = re.compile(rb"UIDVALIDITY (\d{1,20})")
_UID_NEXT = re.compile(rb"UIDNEXT (\d{1,20})")
_OUTSIDE = (aioimaplib.AioImapException, OSError, TimeoutError, EOFError)


class _ServerError(Exception):
    """The server said no."""


@dataclass(frozen=True, slots=True)
class _Mailbox:
    host: str
    port: int
    encrypted: bool
    user: str
    password: str
    folder: str

    @property
    def name(self) -> str:
        return f"{self.user}@{self.host}/{self.folder}"


class ImapSource:
    """Publishes what arrives in an account's mailboxes; changes nothing there unless asked.

    At the very first start what nobody has read yet counts as new. The cursor is the server's
    numbering (UIDVALIDITY) and the last number taken.
    """

    kind = reading.KIND

    def wanted(self, settings: MailSettings) -> bool:
        return bool(settings.mailboxes)

    async def run(self, around: Surroundings, settings: MailSettings) -> None:
        troubles: dict[str, str] = {}
        async with asyncio.TaskGroup() as group:
            for address in settings.mailboxes:
                mailbox = _mailbox(address)
                group.create_task(_Watch(around, settings, mailbox, troubles).run())


def _mailbox(address: str) -> _Mailbox:
    parts = urlsplit(address)
    encrypted = parts.scheme == "imaps"
    return _Mailbox(
        host=parts.hostname or "",
        port=parts.port or (aioimaplib.IMAP4_SSL_PORT if encrypted else aioimaplib.IMAP4_PORT),
        encrypted=encrypted,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


class _Watch:
    """One mailbox: connect, take what is new, wait, and again after any trouble outside."""

    def __init__(
        self,
        around: Surroundings,
        settings: MailSettings,
        mailbox: _Mailbox,
        troubles: dict[str, str],
    ) -> None:
        self._around = around
        self._settings = settings
        self._mailbox = mailbox
        self._troubles = troubles
        self._cursor = f"imap:{mailbox.name}"
        self._pause = _FIRST_PAUSE
        self._lost = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                async with self._connected() as client:
                    await self._follow(client)
            except (_ServerError, TokenError) as error:
                self._report(str(error))
            except _OUTSIDE as error:
                self._report(f"{type(error).__name__}: {error}")
            _end_when_told()
            await self._around.pause(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[aioimaplib.IMAP4]:
        box = self._mailbox
        # The library wakes nobody who waits for news when the connection breaks.
        self._lost = asyncio.Event()
        lost = self._lost

        def lose(_: Exception | None) -> None:
            lost.set()

        client = aioimaplib.IMAP4(
            box.host,
            box.port,
            timeout=_CALL_SECONDS,
            conn_lost_cb=lose,
            ssl_context=ssl.create_default_context() if box.encrypted else None,
        )
        try:
            await client.wait_hello_from_server()
            await self._log_in(client)
            yield client
        finally:
            transport = client.protocol.transport if client.protocol is not None else None
            if transport is not None:
                transport.close()

    async def _log_in(self, client: aioimaplib.IMAP4) -> None:
        box, oauth = self._mailbox, self._settings.oauth
        if oauth is None:
            _checked(await client.login(_quoted(box.user), box.password), "the login")
            return
        status, _, body = await self._around.request(
            "POST", oauth.token_url, headers=FORM_HEADERS, json=oauth.form
        )
        token, _ = read_token(status, body, self._around.now_us())
        _checked(await client.xoauth2(box.user, token), "the access token")

    async def _follow(self, client: aioimaplib.IMAP4) -> None:
        selected = _checked(await client.select(_quoted(self._mailbox.folder)), "the folder")
        validity, last = await self._beginning(client, selected)
        while True:
            last = await self._take_new(client, validity, last)
            self._report("")
            self._pause = _FIRST_PAUSE
            await self._wait(client)

    async def _beginning(
        self, client: aioimaplib.IMAP4, selected: Sequence[bytes]
    ) -> tuple[str, int]:
        """Return the server's numbering and the last number taken."""
        validity = _number(_UID_VALIDITY, selected) or "0"
        known, _, last = self._around.cursor(self._cursor).partition(":")
        if known == validity:
            return validity, int(last)
        if known:
            now = datetime.fromtimestamp(self._around.now_us() // 1_000_000, UTC)
            since = (now - timedelta(days=_DAYS_READ_AGAIN)).strftime("%d-%b-%Y")
            wanted = await _search(client, "SINCE", since)
        else:
            wanted = await _search(client, "UNSEEN")
        for uid in wanted:
            await self._take(client, uid)
        following = _number(_UID_NEXT, selected)
        known_uids = [int(following) - 1] if following else await _search(client, "ALL")
        newest = max([0, *known_uids, *wanted])
        await self._around.keep_cursor(self._cursor, f"{validity}:{newest}")
        return validity, newest

    async def _take_new(self, client: aioimaplib.IMAP4, validity: str, last: int) -> int:
        # "5:*" names the newest mail even when its number is lower.
        found = [uid for uid in await _search(client, "UID", f"{last + 1}:*") if uid > last]
        for index, uid in enumerate(found, start=1):
            await self._take(client, uid)
            last = uid
            if index % _CURSOR_EVERY == 0 or index == len(found):
                await self._around.keep_cursor(self._cursor, f"{validity}:{last}")
        return last

    async def _take(self, client: aioimaplib.IMAP4, uid: int) -> None:
        # Only the beginning of what is too large: the text comes first.
        part = f"(BODY.PEEK[]<0.{self._settings.largest_bytes}>)"
        raw = _content(_checked(await client.uid("fetch", str(uid), part), "a mail"))
        if raw is None:
            # Deleted in the meantime.
            return
        events = await beside_the_loop(lambda: read_or_keep(raw, self._settings.rules))
        await self._around.take(events, raw)
        if self._settings.mark_seen:
            _checked(await client.uid("store", str(uid), "+FLAGS", r"(\Seen)"), "marking a mail")

    async def _wait(self, client: aioimaplib.IMAP4) -> None:
        """Wait until there may be something new."""
        _end_when_told()
        if not client.has_capability("IDLE"):
            await self._around.pause(float(self._settings.poll_seconds))
            return
        idle = await client.idle_start(timeout=_IDLE_SECONDS)
        _end_when_told()
        lost = asyncio.ensure_future(self._lost.wait())
        news = asyncio.ensure_future(_news(client))
        try:
            await asyncio.wait((lost, news), return_when=asyncio.FIRST_COMPLETED)
            if self._lost.is_set():
                raise _ServerError("the connection broke")
            await news
            client.idle_done()
            await asyncio.wait_for(idle, _CALL_SECONDS)
        finally:
            for task in (lost, news, idle):
                task.cancel()

    def _report(self, trouble: str) -> None:
        """Report on all mailboxes of the account together."""
        if trouble:
            self._troubles[self._mailbox.name] = f"{self._mailbox.name}: {trouble}"
        else:
            self._troubles.pop(self._mailbox.name, None)
        self._around.report("; ".join(self._troubles[name] for name in sorted(self._troubles)))


def read_or_keep(raw: bytes, rules: reading.Rules) -> list[IncomingEvent]:
    """Read a mail; what is none is kept as it came, for nobody is there to be told."""
    try:
        return reading.read(raw, rules)
    except InvalidRequestError as error:
        reason = str(error)
    except Exception as error:  # a stranger's mail must not end the process again and again
        log.exception("the parser of mail failed")
        reason = f"the parser failed: {type(error).__name__}"
    digest = f"sha256:{sha256(raw).hexdigest()}"
    return [IncomingEvent(digest, reading.KIND, "", UnrecognisedEvent("mail", raw, reason), None)]


def _checked(response: aioimaplib.Response, what: str) -> list[bytes]:
    lines: list[bytes] = response.lines
    if response.result != "OK":
        said = b" ".join(bytes(line) for line in lines[-1:]).decode("utf-8", "replace")
        raise _ServerError(f"the server refuses {what}: {said[:200]}")
    return lines


async def _news(client: aioimaplib.IMAP4) -> None:
    while True:
        said = await client.wait_server_push(timeout=_IDLE_SECONDS + _CALL_SECONDS)
        if said == aioimaplib.STOP_WAIT_SERVER_PUSH or any(
            b"EXISTS" in line or b"BYE" in line for line in said
        ):
            return


async def _search(client: aioimaplib.IMAP4, *criteria: str) -> list[int]:
    lines = _checked(await client.uid_search(*criteria, charset=None), "a search")
    words = lines[0].split() if lines else []
    return sorted(int(word) for word in words if word.isdigit())


def _content(lines: Sequence[bytes | bytearray]) -> bytes | None:
    """Return the mail among the lines of a FETCH: the one that came as a literal."""
    found = next((line for line in lines if isinstance(line, bytearray)), None)
    return None if found is None else bytes(found)


def _number(pattern: re.Pattern[bytes], lines: Sequence[bytes]) -> str:
    found = next(filter(None, (pattern.search(line) for line in lines)), None)
    return "" if found is None else found[1].decode()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _end_when_told() -> None:
    """End here when the task was cancelled: the library's calls may swallow it.

    It waits with ``asyncio.wait_for``, which before Python 3.12 forgets a cancellation that comes
    together with the answer.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
