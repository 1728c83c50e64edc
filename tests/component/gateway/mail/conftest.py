"""A mailbox server and the surroundings of a source, on loopback and in memory."""

from __future__ import annotations

import asyncio
import contextlib
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from services.gateway.domain.incoming import IncomingEvent

DEADLINE_SECONDS = 10.0


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait for a condition, at most so long."""

    async def wait(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not holds():  # noqa: ASYNC110  # nobody tells
                await asyncio.sleep(0.005)

    return wait


class FakeSurroundings:
    """What a source may use: takes events into a list, keeps cursors in a dict, never waits."""

    def __init__(self) -> None:
        self.taken: list[IncomingEvent] = []
        self.cursors: dict[str, str] = {}
        self.troubles: list[str] = []
        self.pauses: list[float] = []
        self.failure: Exception | None = None
        self.asked: list[object] = []

    def now_us(self) -> int:
        return 1_772_529_342_000_000

    async def take(self, events: Sequence[IncomingEvent], raw: bytes = b"") -> None:
        if self.failure is not None:
            raise self.failure
        self.taken += events

    def cursor(self, name: str) -> str:
        return self.cursors.get(name, "")

    async def keep_cursor(self, name: str, value: str) -> None:
        self.cursors[name] = value

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0.01)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append(json)
        return 200, {}, b'{"access_token": "t0ken", "expires_in": 3600}'

    def report(self, trouble: str = "") -> None:
        self.troubles.append(trouble)

    @property
    def ids(self) -> list[str]:
        return [event.event_id for event in self.taken]


@pytest.fixture
def around() -> FakeSurroundings:
    return FakeSurroundings()


@dataclass
class ImapServer:
    """One mailbox for one user: as much of RFC 3501 and IDLE as a reader needs."""

    can_idle: bool = True
    names_next: bool = True
    validity: int = 7
    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    password: str = "s3cret"
    port: int = 0
    idling: set[asyncio.StreamWriter] = field(default_factory=set)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"imap://desk%40x.example:s3cret@127.0.0.1:{self.port}/INBOX"

    def deliver(self, uid: int, mail: bytes) -> None:
        self.mails[uid] = mail
        for writer in self.idling:
            writer.write(b"* %d EXISTS\r\n" % len(self.mails))

    def cut(self) -> None:
        """Close every connection without a word."""
        for writer in list(self.writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        writer.write(b"* OK ready\r\n")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                tag, _, command = line.decode().strip().partition(" ")
                self.commands.append(command)
                await self._answer(tag, command, reader, writer)
                await writer.drain()
        self.writers.discard(writer)
        self.idling.discard(writer)
        writer.close()

    async def _answer(
        self, tag: str, command: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        name, result = command.upper(), "OK done"
        if name.startswith("CAPABILITY"):
            idle = " IDLE" if self.can_idle else ""
            writer.write(f"* CAPABILITY IMAP4rev1{idle}\r\n".encode())
        elif name.startswith("LOGIN"):
            result = "OK in" if f'"{self.password}"' in command else "NO wrong password"
        elif name.startswith("AUTHENTICATE XOAUTH2"):
            said = b64decode(command.split()[2])
            result = "OK in" if said.endswith(b"auth=Bearer t0ken\1\1") else "NO wrong token"
        elif name.startswith("SELECT"):
            following = max(self.mails, default=0) + 1
            writer.write(b"* %d EXISTS\r\n" % len(self.mails))
            writer.write(b"* OK [UIDVALIDITY %d] valid\r\n" % self.validity)
            if self.names_next:
                writer.write(b"* OK [UIDNEXT %d] next\r\n" % following)
        elif name.startswith("UID SEARCH"):
            found = " ".join(map(str, self._found(name)))
            writer.write(f"* SEARCH {found}".rstrip().encode() + b"\r\n")
        elif name.startswith("UID FETCH"):
            self._fetch(int(name.split()[2]), writer)
        elif name.startswith("UID STORE"):
            self.seen.add(int(name.split()[2]))
        elif name == "IDLE":
            self.idling.add(writer)
            writer.write(b"+ idling\r\n")
            await writer.drain()
            await reader.readline()
            self.idling.discard(writer)
        writer.write(f"{tag} {result}\r\n".encode())

    def _found(self, name: str) -> list[int]:
        uids = sorted(self.mails)
        if "UNSEEN" in name:
            return [uid for uid in uids if uid not in self.seen]
        since = re.search(r"UID (\d+):\*", name)
        if since is None:
            return uids
        return [uid for uid in uids if uid >= int(since[1])] or uids[-1:]

    def _fetch(self, uid: int, writer: asyncio.StreamWriter) -> None:
        mail = self.mails.get(uid)
        if mail is not None:
            writer.write(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n" % (uid, len(mail)))
            writer.write(mail + b")\r\n")


@pytest.fixture
async def mailbox() -> AsyncIterator[ImapServer]:
    mailbox = ImapServer()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    yield mailbox
    server.close()
    mailbox.cut()
    await server.wait_closed()


@pytest.fixture
async def running() -> AsyncIterator[Callable[[Coroutine[None, None, None]], asyncio.Task[None]]]:
    """Run a source until the test ends."""
    tasks: list[asyncio.Task[None]] = []

    def start(coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        tasks.append(task)
        return task

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
