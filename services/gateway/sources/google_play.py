"""Polls Google Play for reviews; it shows those of the last week that were written or changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from services.gateway.channels.google_play import GooglePlayChannel, GooglePlaySettings
from services.gateway.channels.store_tokens import GOOGLE_GRANT, google_assertion
from services.gateway.domain.inbound import InboundRequest
from services.gateway.sources.polling import NotAnsweredError, Versions, check, get, keep_polling
from services.gateway.sources.source import Surroundings

_MOST_PAGES = 20
_PAGE = 100
_SECOND_US = 1_000_000
_MARGIN_US = 120 * _SECOND_US
_CHANNEL = GooglePlayChannel()
_FORM = {"content-type": "application/x-www-form-urlencoded"}


class GooglePlaySource:
    kind = _CHANNEL.kind

    def wanted(self, settings: GooglePlaySettings) -> bool:
        return bool(settings.package_name and settings.private_key)

    async def run(self, around: Surroundings, settings: GooglePlaySettings) -> None:
        access = _Access(around, settings)

        async def once() -> None:
            try:
                await _poll(around, settings, await access.token())
            except NotAnsweredError:
                access.forget()
                raise

        await keep_polling(around, settings.poll_seconds, once)


class _Access:
    """The access token, fetched anew before it expires and after any refusal."""

    def __init__(self, around: Surroundings, settings: GooglePlaySettings) -> None:
        self._around = around
        self._settings = settings
        self._token = ""
        self._until_us = 0

    def forget(self) -> None:
        self._token = ""

    async def token(self) -> str:
        settings, now_us = self._settings, self._around.now_us()
        if self._token and now_us < self._until_us:
            return self._token
        assertion = google_assertion(
            settings.client_email, settings.private_key, settings.token_url, now_us
        )
        status, headers, body = await self._around.request(
            "POST",
            settings.token_url,
            headers=_FORM,
            json={"grant_type": GOOGLE_GRANT, "assertion": assertion},
        )
        check(status, headers, "Google's access token")
        told = _object(body)
        token, seconds = told.get("access_token"), told.get("expires_in", 0)
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise NotAnsweredError("Google's access token: the answer holds none")
        self._token, self._until_us = token, now_us + seconds * _SECOND_US - _MARGIN_US
        return token


async def _poll(around: Surroundings, settings: GooglePlaySettings, token: str) -> None:
    base = (
        f"{settings.api_base}/androidpublisher/v3/applications/"
        f"{quote(settings.package_name, safe='')}/reviews?maxResults={_PAGE}"
    )
    versions = Versions.of(around)
    url = base
    for _ in range(_MOST_PAGES):
        _, body = await get(
            around, url, {"Authorization": f"Bearer {token}"}, "Google Play's reviews"
        )
        if news := versions.news(_CHANNEL.parse(InboundRequest(body))):
            await around.take(news, body)
        page = _object(body).get("tokenPagination")
        following = page.get("nextPageToken") if isinstance(page, Mapping) else None
        if not isinstance(following, str) or not following:
            break
        url = f"{base}&token={quote(following, safe='')}"
    await versions.keep(around)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnsweredError("Google's answer is not JSON") from None
    return value if isinstance(value, Mapping) else {}
