"""The sender against the imitated platform, over HTTP on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import cast

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.gateway.channels.twilio.channel import TwilioSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.twilio import TwilioSender
from services.simulator.platforms.platform import Book, build_app
from services.simulator.platforms.twilio import TwilioSandbox

SENDER = TwilioSender()


class Loopback:
    def __init__(self, client: TestClient) -> None:  # type: ignore[type-arg]
        self._client = client

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes
    ) -> PlatformAnswer:
        async with self._client.request(method, url, headers=headers, data=body) as answer:
            lowered = {name.lower(): value for name, value in answer.headers.items()}
            return PlatformAnswer(answer.status, lowered, await answer.read())


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def platform(book: Book) -> AsyncIterator[Platform]:
    async with TestClient(TestServer(build_app([TwilioSandbox()], book))) as client:
        yield cast("Platform", Loopback(client))


@pytest.fixture
def settings() -> TwilioSettings:
    return TwilioSettings(
        secrets=("t",),
        account_sid="AC01",
        from_address="+4930",
        api_base="/twilio",
        conversations_base="/twilio",
    )


def plan(settings: TwilioSettings, reply: Reply) -> Part:
    [part] = SENDER.plan(reply, settings, 0)
    return part


async def test_a_message_and_its_picture_arrive(
    settings: TwilioSettings, platform: Platform, book: Book
) -> None:
    picture = Attachment("image", url="https://x.example/a.png")
    part = plan(settings, Reply("r", "+49170", "Grüße", attachments=(picture,)))
    sid = await SENDER.send(part, settings, platform)
    [kept] = book.messages
    assert (kept.thread, kept.text) == ("+49170", "Grüße")
    assert kept.payload["MediaUrl"] == ["https://x.example/a.png"]
    assert sid.startswith("SM")


async def test_a_conversation_is_answered(
    settings: TwilioSettings, platform: Platform, book: Book
) -> None:
    sid = await SENDER.send(plan(settings, Reply("r", "CH1", "hi")), settings, platform)
    assert sid.startswith("IM")
    assert book.texts("CH1") == ["hi"]


async def test_the_platforms_refusals_are_told(
    settings: TwilioSettings, platform: Platform, book: Book
) -> None:
    part = plan(settings, Reply("r", "+49170", "hi"))
    long = replace(part, payload={**part.payload, "Body": "x" * 1601})
    with pytest.raises(ReplyRefusedError) as caught:
        await SENDER.send(long, settings, platform)
    assert caught.value.code == "21617"
    path = "/twilio/2010-04-01/Accounts/AC01/Messages.json"
    stranger = await platform.request("POST", path, headers={}, body=b"To=%2B49170&Body=hi")
    assert stranger.status == 401
    busy = plan(settings, Reply("r", "+15005550429", "hi"))
    with pytest.raises(TryLaterError) as later:
        await SENDER.send(busy, settings, platform)
    assert later.value.after_us == 2_000_000
    assert book.messages == []
