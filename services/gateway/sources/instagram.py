"""Asks Instagram for the words of each mention that its webhook named."""

from __future__ import annotations

from urllib.parse import quote

from services.gateway.channels.instagram import InstagramSettings
from services.gateway.channels.meta.instagram_mentions import fields_of, read_mention
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.sources.source import Surroundings

KIND = "instagram"

_EVERY_SECONDS = 3600.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
_OK = 200
_LATER = frozenset({429, *range(500, 600)})


class InstagramSource:
    kind = KIND

    def wanted(self, settings: InstagramSettings) -> bool:
        return bool(settings.access_token) and settings.account_id.isdigit()

    async def run(self, around: Surroundings, settings: InstagramSettings) -> None:
        while True:
            due = await around.next_due(_EVERY_SECONDS)
            if due is not None:
                await self._pull(due.scope, around, settings)

    async def _pull(self, mention: str, around: Surroundings, settings: InstagramSettings) -> None:
        """Ask until there is an answer; a mention that is gone, or not to be told, is left out."""
        url = (
            f"{settings.api_base.rstrip('/')}/{settings.api_version}/{settings.account_id}"
            f"?fields={quote(fields_of(mention))}"
        )
        headers = {"authorization": f"Bearer {settings.access_token}"}
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                status, _, body = await around.request("GET", url, headers=headers)
            except ConnectionError as error:
                trouble = f"Instagram cannot be asked: {error}"
            else:
                if status not in _LATER:
                    break
                trouble = f"Instagram answered {status}"
            around.report(trouble)
            await around.pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        if status != _OK:
            around.report(f"Instagram does not tell of a mention: it answered {status}")
            return
        try:
            event = read_mention(body, KIND, mention)
        except InvalidRequestError as error:
            around.report(f"Instagram's answer is not understood: {error}")
            return
        await around.take([event], body)
        around.report()
