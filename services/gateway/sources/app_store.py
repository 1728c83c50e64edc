"""Polls App Store Connect for reviews, the newest first, until it meets what it knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from services.gateway.channels.app_store import AppStoreChannel, AppStoreSettings
from services.gateway.channels.store_tokens import app_store_token
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage
from services.gateway.sources.polling import Versions, get, keep_polling
from services.gateway.sources.source import Surroundings

_MOST_PAGES = 10
_PAGE = 200
_CHANNEL = AppStoreChannel()


class AppStoreSource:
    kind = _CHANNEL.kind

    def wanted(self, settings: AppStoreSettings) -> bool:
        return bool(settings.app_id and settings.private_key)

    async def run(self, around: Surroundings, settings: AppStoreSettings) -> None:
        async def once() -> None:
            await _poll(around, settings)

        await keep_polling(around, settings.poll_seconds, once)


async def _poll(around: Surroundings, settings: AppStoreSettings) -> None:
    token = app_store_token(
        settings.issuer_id, settings.key_id, settings.private_key, around.now_us()
    )
    headers = {"Authorization": f"Bearer {token}"}
    url = (
        f"{settings.api_base}/v1/apps/{quote(settings.app_id, safe='')}/customerReviews"
        f"?limit={_PAGE}&sort=-createdDate&include=response"
    )
    versions = Versions.of(around)
    pages: list[tuple[bytes, list[IncomingEvent]]] = []
    while url and len(pages) < _MOST_PAGES:
        _, body = await get(around, url, headers, "the App Store's reviews")
        events = _CHANNEL.parse(InboundRequest(body))
        pages.append((body, events))
        if events and all(_is_known(event, versions) for event in events):
            break
        url = _next(body, settings.api_base)
    for body, events in reversed(pages):
        if news := versions.news(events):
            await around.take(news, body)
    await versions.keep(around)


def _is_known(event: IncomingEvent, versions: Versions) -> bool:
    return isinstance(event.body, WrittenMessage) and versions.knows(event.body.message_id)


def _next(body: bytes, api_base: str) -> str:
    """Return the next page's address; only the same host gets the token."""
    page = json.loads(body)
    links = page.get("links") if isinstance(page, Mapping) else None
    url = links.get("next") if isinstance(links, Mapping) else None
    same = isinstance(url, str) and urlsplit(url)[:2] == urlsplit(api_base)[:2]
    return url if same and isinstance(url, str) else ""
