"""The web chat behind a real HTTP server; the log is a list, and its tail is instant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from services.gateway.adapters.web_chat.routes import add_routes
from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.chat.front import PACES, ChatFront, ChatParts
from services.gateway.chat.rooms import ChatRooms
from services.gateway.chat.shown import from_json
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.chat_history import ChatHistories, ShownMessage
from services.gateway.domain.chat_invitations import InvitationRule
from services.gateway.domain.chat_pace import Pace
from services.gateway.domain.incoming import AuthorKind, IncomingEvent
from services.gateway.ports import UnavailableError
from services.kernel.testing.clock import ManualClock

NOW_US = 1_767_225_600_000_000
SECRET = "a secret that only the shop and the chat know"
SITE = "https://shop.example"
SETTINGS = WebChatSettings(
    (SECRET,),
    allowed_origins=(SITE,),
    titles={"en": "Lumio care"},
    greetings={"": "Hello"},
    invitations=(
        InvitationRule("checkout", {"en": "Need a hand?"}, (f"{SITE}/checkout*",), (), 5, "no"),
    ),
    largest_file_bytes=1_000,
)
ACCOUNTS = Accounts(
    [
        Account("acme", "shop", "web_chat", SETTINGS, "acme"),
        Account("acme", "other", "web_chat", SETTINGS, "acme"),
        Account("acme", "closed", "web_chat", WebChatSettings()),
    ]
)


@dataclass
class Intake:
    """What the gateway's way in took; it can be away."""

    taken: list[IncomingEvent] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    away: bool = False

    async def take(
        self, account: Account, events: Sequence[IncomingEvent], raw: bytes = b""
    ) -> object:
        if self.away:
            raise UnavailableError("nothing can be kept now")
        self.taken += [one for one in events if one.event_id not in self.ids()]
        self.raw.append(raw)
        return None

    def ids(self) -> set[str]:
        return {one.event_id for one in self.taken}


@dataclass
class MemoryScreen:
    """A topic in memory: every replica's rooms are told at once."""

    clock: ManualClock
    replicas: list[ChatRooms] = field(default_factory=list)
    log: list[tuple[str, ShownMessage]] = field(default_factory=list)
    away: bool = False

    async def show(self, thread_key: str, message: Mapping[str, object]) -> None:
        if self.away:
            raise UnavailableError("the log is away")
        shown = from_json(json.loads(json.dumps(message)), len(self.log), self.clock.now_us())
        self.log.append((thread_key, shown))
        for rooms in self.replicas:
            rooms.shown(thread_key, shown)

    async def notice(
        self, thread_key: str, author_kind: AuthorKind, author_name: str, *, typing: bool
    ) -> None:
        for rooms in self.replicas:
            rooms.noticed(thread_key, author_kind, author_name, typing=typing)

    async def fetch(self, thread_key: str, seqs: Sequence[int]) -> Sequence[ShownMessage]:
        return [self.log[seq][1] for seq in seqs]


@dataclass
class Waits:
    known: float | None = None

    def seconds(self, organisation: str, channel: str) -> float | None:
        return self.known


class Blobs:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, content: bytes) -> str:
        reference = f"blob:{len(self.kept)}"
        self.kept[reference] = content
        return reference

    async def get(self, reference: str) -> bytes:
        return self.kept[reference]

    async def erase(self, reference: str) -> None:
        self.kept.pop(reference, None)


class Visit:
    """One open socket, as a widget holds it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}

    async def put(self, kind: str, **more: object) -> None:
        await self.socket.send_json({"type": kind, **more})

    async def get(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a kind; what comes before it is dropped."""
        async with asyncio.timeout(10):
            while True:
                frame: dict[str, Any] = await self.socket.receive_json()
                if frame["type"] == kind:
                    return frame

    async def say(self, text: str, message_id: str = "message-1", **more: object) -> dict[str, Any]:
        await self.put("message", id=message_id, text=text, **more)
        return await self.get("ack")

    async def closed(self) -> int:
        async with asyncio.timeout(10):
            while (message := await self.socket.receive()).type is WSMsgType.TEXT:
                pass
        assert message.type is WSMsgType.CLOSE
        return int(message.data)


@dataclass
class Chat:
    paces: Mapping[str, Pace] = field(default_factory=lambda: PACES)
    recent: int = 30
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_US))
    intake: Intake = field(default_factory=Intake)
    waits: Waits = field(default_factory=Waits)
    blobs: Blobs = field(default_factory=Blobs)

    def __post_init__(self) -> None:
        self.screen = MemoryScreen(self.clock)
        self.http: TestClient[Any, Any]

    def replica(self) -> web.Application:
        rooms = ChatRooms(self.screen, ChatHistories(recent=self.recent))
        for thread_key, message in self.screen.log:
            rooms.shown(thread_key, message)
        rooms.caught_up.set()
        self.screen.replicas.append(rooms)
        parts = ChatParts(
            taker=self.intake,
            screen=self.screen,
            signs=self.screen,
            rooms=rooms,
            blobs=self.blobs,
            waits=self.waits,
            clock=self.clock,
            paces=self.paces,
        )
        app = web.Application()
        add_routes(app, ACCOUNTS, ChatFront(parts))
        return app

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Chat]:
        async with TestClient(TestServer(self.replica())) as client:
            self.http = client
            yield self

    async def connect(self, account: str = "shop", origin: str = SITE) -> Visit:
        address = f"/v1/web-chat/acme/{account}/socket"
        return Visit(await self.http.ws_connect(address, headers={"Origin": origin}))

    async def visit(self, account: str = "shop", **hello: object) -> Visit:
        visit = await self.connect(account)
        await visit.put("hello", v=1, **hello)
        visit.welcome = await visit.get("welcome")
        return visit

    async def answer(self, thread_id: str, text: str, message_id: str = "r-1:0") -> None:
        message = {"message_id": message_id, "text": text, "author_name": "Anna"}
        await self.screen.show(f"acme/web_chat/{thread_id}", message)

    def thread_id(self) -> str:
        """Return the thread of the last event."""
        return self.intake.taken[-1].thread_id


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with Chat().running() as running:
        yield running
