"""Polls or follows a feed of public posts."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from services.gateway.channels.feed import (
    FeedChannel,
    FeedSettings,
    read_line,
    read_mapping,
    read_posts,
)
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage
from services.gateway.sources.lines import batched
from services.gateway.sources.polling import NotAnsweredError, Versions, check, keep_polling
from services.gateway.sources.source import Surroundings

_CHANNEL = FeedChannel()
_LAST, _ETAG = "last", "etag"
_NOT_MODIFIED = 304
# Of a stream: all that was seen is one file.
_KEEP_US = 30 * 1_000_000


class FeedSource:
    kind = _CHANNEL.kind

    def wanted(self, settings: FeedSettings) -> bool:
        return bool(settings.url)

    async def run(self, around: Surroundings, settings: FeedSettings) -> None:
        feed = _Feed(around, settings)
        once = feed.follow if settings.mode == "stream" else feed.poll
        seconds = 1 if settings.mode == "stream" else settings.poll_seconds
        await keep_polling(around, seconds, once)


class _Feed:
    def __init__(self, around: Surroundings, settings: FeedSettings) -> None:
        self._around = around
        self._settings = settings
        self._mapping = read_mapping(settings.mapping)

    async def poll(self) -> None:
        headers = self._headers()
        if etag := self._around.cursor(_ETAG):
            headers["If-None-Match"] = etag
        status, told, body = await self._around.request("GET", self._url(), headers=headers)
        if status == _NOT_MODIFIED:
            return
        check(status, told, "the feed")
        versions = Versions.of(self._around)
        await self._take(read_posts(body, self._mapping), body, versions)
        await versions.keep(self._around)
        await self._around.keep_cursor(_ETAG, told.get("etag", ""))

    async def follow(self) -> None:
        """Follow until the stream ends, which is as good as a connection that breaks."""
        versions = Versions.of(self._around)
        stream = self._around.stream(self._url(), headers=self._headers())
        async for lines in batched(stream):
            self._around.report()
            told = [line for line in lines if line.strip()]
            events = [event for line in told for event in read_line(line, self._mapping)]
            await self._take(events, b"\n".join(told), versions)
            await versions.keep(self._around, every_us=_KEEP_US)
        raise NotAnsweredError("the feed ended its stream")

    def _url(self) -> str:
        name, last = self._settings.cursor_parameter, self._around.cursor(_LAST)
        if not name or not last:
            return self._settings.url
        joint = "&" if "?" in self._settings.url else "?"
        return f"{self._settings.url}{joint}{urlencode({name: last})}"

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/x-ndjson, application/json;q=0.9"}
        if self._settings.token:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        return headers

    async def _take(self, events: Sequence[IncomingEvent], raw: bytes, versions: Versions) -> None:
        if news := versions.news(events):
            await self._around.take(news, raw)
        ids = [event.body.message_id for event in events if isinstance(event.body, WrittenMessage)]
        if ids:
            await self._around.keep_cursor(_LAST, ids[-1])
