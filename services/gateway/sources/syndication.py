"""Polls RSS and Atom feeds, asking only for what changed."""

from __future__ import annotations

import json

from services.gateway.channels.syndication import SyndicationChannel, SyndicationSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.sources.polling import NotAnsweredError, Versions, check, keep_polling
from services.gateway.sources.source import Surroundings

_CHANNEL = SyndicationChannel()
_NOT_MODIFIED = 304
# What the server said of its feed, and what it is asked next time.
_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}


class SyndicationSource:
    kind = _CHANNEL.kind

    def wanted(self, settings: SyndicationSettings) -> bool:
        return bool(settings.urls)

    async def run(self, around: Surroundings, settings: SyndicationSettings) -> None:
        async def once() -> None:
            troubles: list[str] = []
            versions = Versions.of(around)
            for url in settings.urls:
                try:
                    await _poll(around, url, versions)
                except (ConnectionError, InvalidRequestError) as error:
                    # One feed that is away does not hold up the others.
                    troubles.append(f"{url}: {error}")
            if troubles:
                raise NotAnsweredError("; ".join(troubles), settings.poll_seconds)

        await keep_polling(around, settings.poll_seconds, once)


async def _poll(around: Surroundings, url: str, versions: Versions) -> None:
    name = f"conditions:{url}"
    kept = around.cursor(name)
    headers = {"Accept": "application/rss+xml, application/atom+xml, application/xml;q=0.9"}
    headers |= json.loads(kept) if kept else {}
    status, told, body = await around.request("GET", url, headers=headers)
    if status == _NOT_MODIFIED:
        return
    check(status, told, "the feed")
    if news := versions.news(_CHANNEL.parse(InboundRequest(body))):
        await around.take(news, body)
    await versions.keep(around)
    asked = {asked: told[said] for said, asked in _CONDITIONS.items() if told.get(said)}
    await around.keep_cursor(name, json.dumps(asked))
