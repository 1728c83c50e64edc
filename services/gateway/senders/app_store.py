"""App Store Connect: one public response a review; another one replaces it."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.channels.app_store import RESPONSES, REVIEWS, AppStoreSettings
from services.gateway.channels.store_tokens import APPLE_LIFE_US, app_store_token
from services.gateway.domain.outbound import Part, Reply
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.public_answers import refuse_unset
from services.gateway.senders.review_answers import post_with_token, review_part
from services.gateway.senders.sender import AccessToken, Platform, PlatformAnswer

_LIMIT = 5_970
_TOKEN = "app_store"  # noqa: S105  # a token's name


class AppStoreSender:
    kind = "app_store"
    # The same response again replaces the first.
    idempotent = True

    def plan(self, reply: Reply, settings: AppStoreSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # a review can be answered at any time, and only in public
        refuse_unset(
            wanted=bool(settings.key_id and settings.private_key),
            names="app_id, key_id, issuer_id and private_key",
        )
        return [review_part(reply, settings.sign, _LIMIT)]

    async def send(self, part: Part, settings: AppStoreSettings, platform: Platform) -> str:
        answer = await post_with_token(platform, _TOKEN, lambda: _post(part, settings, platform))
        code, reason = _error(answer)
        raise_for(answer, code=code, reason=reason)
        data = json_object(answer).get("data")
        return str(data.get("id", "")) if isinstance(data, dict) else ""


async def _post(part: Part, settings: AppStoreSettings, platform: Platform) -> PlatformAnswer:
    async def fetch() -> AccessToken:
        now_us = platform.now_us()
        token = app_store_token(settings.issuer_id, settings.key_id, settings.private_key, now_us)
        return AccessToken(token, now_us + APPLE_LIFE_US)

    token = await platform.token(_TOKEN, fetch)
    review = {"data": {"type": REVIEWS, "id": part.payload["review"]}}
    data = {
        "type": RESPONSES,
        "attributes": {"responseBody": part.text},
        "relationships": {"review": review},
    }
    return await platform.request(
        "POST",
        f"{settings.api_base}/v1/{RESPONSES}",
        headers={"Authorization": f"Bearer {token}"},
        json={"data": data},
    )


def _error(answer: PlatformAnswer) -> tuple[str, str]:
    errors = json_object(answer).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("code", "")), str(first.get("detail") or first.get("title") or "")
