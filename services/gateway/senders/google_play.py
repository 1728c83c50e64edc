"""Google Play: one public answer of 350 characters a review; another one replaces it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from services.gateway.channels.google_play import GooglePlaySettings
from services.gateway.channels.store_tokens import GOOGLE_GRANT, google_assertion
from services.gateway.domain.outbound import Part, Reply, TryLaterError
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.public_answers import refuse_unset
from services.gateway.senders.review_answers import post_with_token, review_part
from services.gateway.senders.sender import AccessToken, Platform, PlatformAnswer

_LIMIT = 350
_TOKEN = "google_play"  # noqa: S105  # a token's name
_SECOND_US = 1_000_000


class GooglePlaySender:
    kind = "google_play"
    # The same answer again replaces the first.
    idempotent = True

    def plan(self, reply: Reply, settings: GooglePlaySettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # a review can be answered at any time, and only in public
        refuse_unset(
            wanted=bool(settings.package_name and settings.private_key),
            names="package_name, client_email and private_key",
        )
        return [review_part(reply, settings.sign, _LIMIT)]

    async def send(self, part: Part, settings: GooglePlaySettings, platform: Platform) -> str:
        answer = await post_with_token(platform, _TOKEN, lambda: _post(part, settings, platform))
        code, reason = _error(answer)
        raise_for(answer, code=code, reason=reason)
        return f"{part.payload['review']}:reply"


async def _post(part: Part, settings: GooglePlaySettings, platform: Platform) -> PlatformAnswer:
    async def fetch() -> AccessToken:
        return await _access_token(settings, platform)

    token = await platform.token(_TOKEN, fetch)
    package = quote(settings.package_name, safe="")
    review = quote(str(part.payload["review"]), safe="")
    return await platform.request(
        "POST",
        f"{settings.api_base}/androidpublisher/v3/applications/{package}/reviews/{review}:reply",
        headers={"Authorization": f"Bearer {token}"},
        json={"replyText": part.text},
    )


async def _access_token(settings: GooglePlaySettings, platform: Platform) -> AccessToken:
    now_us = platform.now_us()
    assertion = google_assertion(
        settings.client_email, settings.private_key, settings.token_url, now_us
    )
    answer = await platform.request(
        "POST", settings.token_url, form={"grant_type": GOOGLE_GRANT, "assertion": assertion}
    )
    told = json_object(answer)
    raise_for(
        answer, code=str(told.get("error", "")), reason=str(told.get("error_description", ""))
    )
    token, seconds = told.get("access_token"), told.get("expires_in")
    if not isinstance(token, str) or not isinstance(seconds, int):
        raise TryLaterError("Google's token endpoint answered without a token")
    return AccessToken(token, now_us + seconds * _SECOND_US)


def _error(answer: PlatformAnswer) -> tuple[str, str]:
    error = json_object(answer).get("error")
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("status", "")), str(error.get("message", ""))
