"""Follows Mastodon's streams, and fetches what was missed while it did not.

An answer only names its parent: the thread's root is asked for once and remembered.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from services.gateway.channels.mastodon import (
    OWN_HEADER,
    MastodonChannel,
    MastodonSettings,
    ServerSent,
    proved,
    read_event,
)
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage
from services.gateway.sources.lines import batched
from services.gateway.sources.polling import NotAnsweredError, get, keep_polling
from services.gateway.sources.source import Surroundings

_CHANNEL = MastodonChannel()
_PAGE = 40
_MOST_PAGES = 25
_MOST_ROOTS = 10_000
_GONE = (403, 404, 410)


class MastodonSource:
    kind = _CHANNEL.kind

    def wanted(self, settings: MastodonSettings) -> bool:
        return bool(settings.base_url and settings.streams)

    async def run(self, around: Surroundings, settings: MastodonSettings) -> None:
        server = _Server(around, settings)
        async with asyncio.TaskGroup() as group:
            for name in settings.streams:
                follower = _Follower(server, name)
                group.create_task(
                    keep_polling(around, 1, follower.follow, partial(server.report, name))
                )


class _Server:
    """What all streams of one account share."""

    def __init__(self, around: Surroundings, settings: MastodonSettings) -> None:
        self.around = around
        self.base = settings.base_url.rstrip("/")
        self.headers = (
            {"Authorization": f"Bearer {settings.access_token}"} if settings.access_token else {}
        )
        self.settings = settings
        names = proved(b"", settings).headers[OWN_HEADER]
        self.own = frozenset(filter(None, names.lower().split(",")))
        self._troubles: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        # Two streams may show the same status at once.
        self._taking = asyncio.Lock()

    async def take(self, events: Sequence[IncomingEvent], raw: bytes) -> None:
        async with self._taking:
            placed = [await self._placed(event) for event in events]
            if placed:
                await self.around.take(placed, raw)

    def report(self, name: str, trouble: str) -> None:
        """Tell of all streams at once: one that is well says nothing of the others."""
        self._troubles[name] = trouble
        told = [f"{one}: {what}" for one, what in self._troubles.items() if what]
        self.around.report("; ".join(told))

    async def _placed(self, event: IncomingEvent) -> IncomingEvent:
        """Put a message and what belongs to it into the thread of its first post."""
        if not event.thread_id:
            return event
        body = event.body
        if isinstance(body, WrittenMessage) and not body.reply_to_message_id:
            self._remember(body.message_id, body.message_id)
            return event
        status_id = body.message_id if isinstance(body, WrittenMessage) else event.thread_id
        root = self._roots.get(event.thread_id) or self._roots.get(status_id)
        if root is None:
            root = await self._root(status_id) or event.thread_id
        self._remember(status_id, root)
        return replace(event, thread_id=root)

    def _remember(self, status_id: str, root: str) -> None:
        self._roots[status_id] = root
        while len(self._roots) > _MOST_ROOTS:
            del self._roots[next(iter(self._roots))]

    async def _root(self, status_id: str) -> str:
        """Return the first of a status's ancestors, "" when it is gone or nobody may see it."""
        url = f"{self.base}/api/v1/statuses/{status_id}/context"
        status, _, body = await self.around.request("GET", url, headers=self.headers)
        if status in _GONE:
            return ""
        if status != 200:  # noqa: PLR2004  # only the whole context will do
            raise NotAnsweredError(f"a thread on {self.base}: answered {status}")
        context = _json(body)
        ancestors = context.get("ancestors") if isinstance(context, Mapping) else None
        if not isinstance(ancestors, list) or not ancestors:
            return status_id
        first = ancestors[0]
        return str(first.get("id", "")) if isinstance(first, Mapping) else ""


class _Follower:
    """One stream of an account."""

    def __init__(self, server: _Server, name: str) -> None:
        self._server = server
        self._name = name
        self._kind, _, self._argument = name.partition(":")

    async def follow(self) -> None:
        server = self._server
        await self._catch_up()
        connected = False
        reader = ServerSent()
        async for lines in batched(server.around.stream(self._stream(), headers=server.headers)):
            if not connected:
                # What came between the first catching up and the opening of the stream.
                await self._catch_up()
                connected = True
                server.report(self._name, "")
            events: list[IncomingEvent] = []
            for told in filter(None, map(reader.take, lines)):
                events += read_event(*told, server.own)
            await server.take(events, b"\n".join(lines))
        raise NotAnsweredError(f"the stream {self._name!r} ended")

    def _stream(self) -> str:
        path = {"user": "user", "public": "public", "hashtag": "hashtag"}[self._kind]
        query = ""
        if self._kind == "hashtag":
            query = "?" + urlencode({"tag": self._argument})
        elif self._argument:
            path += f"/{self._argument}"
        return f"{self._server.base}/api/v1/streaming/{path}{query}"

    def _timelines(self) -> Sequence[str]:
        if self._kind == "user":
            return ("notifications?", "timelines/home?")
        if self._kind == "hashtag":
            return (f"timelines/tag/{self._argument}?",)
        return (f"timelines/public?{'local=true&' if self._argument == 'local' else ''}",)

    async def _catch_up(self) -> None:
        for path in self._timelines():
            await self._catch_up_with(path)

    async def _catch_up_with(self, path: str) -> None:
        """Fetch upwards from the last one known; at first only the newest page."""
        server = self._server
        cursor = f"last:{path}"
        for _ in range(_MOST_PAGES):
            last = server.around.cursor(cursor)
            query = {"limit": str(_PAGE)} | ({"min_id": last} if last else {})
            url = f"{server.base}/api/v1/{path}{urlencode(query)}"
            _, body = await get(server.around, url, server.headers, f"{path[:-1]} of {server.base}")
            entries = _json(body)
            ids = [str(one["id"]) for one in entries if isinstance(one, Mapping) and "id" in one]
            if not ids:
                return
            events = _CHANNEL.parse(proved(body, server.settings))
            await server.take(events, body)
            await server.around.keep_cursor(cursor, max(ids, key=lambda one: (len(one), one)))
            if not last or len(ids) < _PAGE:
                return


def _json(body: bytes) -> list[object] | Mapping[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnsweredError("the answer is not JSON") from None
    return value if isinstance(value, list | dict) else []
