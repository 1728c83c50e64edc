"""The sources of public channels over real HTTP, with real cursors, across a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.gateway.adapters.account_surroundings import open_session, surroundings
from services.gateway.adapters.cursor_folder import CursorFolder
from services.gateway.channels.feed import FeedSettings
from services.gateway.channels.mastodon import MastodonSettings
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent
from services.gateway.sources.registry import SOURCES
from services.gateway.watching import Watcher
from services.kernel.clock import SystemClock


def status(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "created_at": "2026-03-02T08:00:00Z",
        "visibility": "public",
        "content": f"<p>number {number}</p>",
        "account": {"id": "5", "username": "ana", "acct": "ana"},
    }


class PublicServer:
    """One Mastodon server and one feed; both tell the same posts, live and afterwards."""

    def __init__(self) -> None:
        self.posts: list[int] = []
        self.followers: list[asyncio.Queue[int | None]] = []
        self.connected = asyncio.Event()
        self.asked_again = asyncio.Event()

    def publish(self, number: int) -> None:
        self.posts.append(number)
        for follower in self.followers:
            follower.put_nowait(number)

    async def timeline(self, request: web.Request) -> web.Response:
        last = int(request.query.get("min_id", "0"))
        newer = [number for number in self.posts if number > last][:40]
        return web.json_response([status(number) for number in reversed(newer)])

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":)\n")
        waiting: asyncio.Queue[int | None] = asyncio.Queue()
        self.followers.append(waiting)
        self.connected.set()
        while (number := await waiting.get()) is not None:
            data = json.dumps(status(number)).encode()
            await response.write(b"event: update\ndata: " + data + b"\n\n")
        return response

    async def feed(self, request: web.Request) -> web.Response:
        last = int(request.query.get("since", "0"))
        if last:
            self.asked_again.set()
        lines = [json.dumps({"id": one, "text": "x"}) for one in self.posts if one > last]
        return web.Response(text="\n".join(lines), content_type="application/x-ndjson")

    def hang_up(self) -> None:
        for follower in self.followers:
            follower.put_nowait(None)
        self.followers.clear()
        self.connected.clear()


class Taker:
    def __init__(self) -> None:
        self.taken: list[str] = []
        self.changed = asyncio.Condition()

    async def take(
        self, account: Account, events: Sequence[IncomingEvent], raw: bytes = b""
    ) -> None:
        async with self.changed:
            self.taken += [event.event_id for event in events]
            self.changed.notify_all()

    async def has(self, *event_ids: str) -> None:
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: set(event_ids) <= set(self.taken))


@pytest.fixture
async def public() -> AsyncIterator[tuple[PublicServer, str]]:
    server = PublicServer()
    app = web.Application()
    app.router.add_get("/api/v1/timelines/public", server.timeline)
    app.router.add_get("/api/v1/streaming/public", server.stream)
    app.router.add_get("/feed", server.feed)
    async with TestServer(app, host="127.0.0.1") as running:
        yield server, f"http://127.0.0.1:{running.port}"
        server.hang_up()


@contextlib.asynccontextmanager
async def watching(folder: Path, taker: Taker, account: Account) -> AsyncIterator[Watcher]:
    cursors = CursorFolder(folder)
    cursors.open()
    async with open_session() as session:
        surround = surroundings(taker, cursors, session, SystemClock())
        watcher = Watcher([account], SOURCES, surround, SystemClock())
        running = asyncio.create_task(watcher.run())
        try:
            yield watcher
        finally:
            running.cancel()
            await asyncio.wait({running})


async def test_nothing_is_missed_while_the_gateway_is_away(
    public: tuple[PublicServer, str], tmp_path: Path
) -> None:
    server, base = public
    taker = Taker()
    settings = MastodonSettings(base_url=base, streams=("public",))
    account = Account("acme", "main", "mastodon", settings)
    server.publish(1)
    async with watching(tmp_path, taker, account) as watcher:
        await taker.has("status:1")
        async with asyncio.timeout(20):
            await server.connected.wait()
        server.publish(2)
        await taker.has("status:2")
        assert watcher.report() == {"mastodon/acme/main": ""}
    server.hang_up()
    for number in range(3, 100):
        server.publish(number)
    async with watching(tmp_path, taker, account):
        await taker.has(*(f"status:{number}" for number in range(1, 100)))
    assert taker.taken.index("status:3") < taker.taken.index("status:99")


async def test_a_polled_feed_goes_on_where_it_was(
    public: tuple[PublicServer, str], tmp_path: Path
) -> None:
    server, base = public
    taker = Taker()
    settings = FeedSettings(url=f"{base}/feed", cursor_parameter="since", poll_seconds=0)
    account = Account("acme", "main", "feed", settings)
    server.publish(1)
    async with watching(tmp_path, taker, account), asyncio.timeout(20):
        await server.asked_again.wait()
    server.publish(2)
    async with watching(tmp_path, taker, account), asyncio.timeout(20), taker.changed:
        await taker.changed.wait_for(lambda: len(taker.taken) > 1)
    assert [event_id.split(":")[1] for event_id in taker.taken] == ["1", "2"]
