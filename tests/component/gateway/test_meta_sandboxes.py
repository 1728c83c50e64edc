from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from services.gateway.adapters.platform_http import HttpPlatform, open_session
from services.gateway.channels.instagram import InstagramSettings
from services.gateway.channels.messenger import MessengerSettings
from services.gateway.channels.whatsapp import WhatsAppSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.instagram import InstagramSender
from services.gateway.senders.messenger import MessengerSender
from services.gateway.senders.sender import Sender
from services.gateway.senders.whatsapp import WhatsAppSender
from services.kernel.clock import SystemClock
from services.simulator.platforms.instagram import InstagramSandbox
from services.simulator.platforms.messenger import MessengerSandbox
from services.simulator.platforms.platform import Book, build_app
from services.simulator.platforms.whatsapp import WhatsAppSandbox

WROTE_AT_US = 1_767_168_000_000_000
NOW_US = WROTE_AT_US + 60_000_000
PHOTO = Attachment("image", url="https://cdn.example/a.jpg")
SETTINGS: dict[str, type[Any]] = {
    "whatsapp": WhatsAppSettings,
    "messenger": MessengerSettings,
    "instagram": InstagramSettings,
}


async def nothing(*_: Any, **__: Any) -> None:
    raise AssertionError("neither mail nor chat is used")


class World:
    def __init__(self, base: str, book: Book, platform: HttpPlatform) -> None:
        self._base = base
        self._book = book
        self._platform = platform

    async def answer(
        self, sender: Sender, reply: Reply, access_token: str = "EAAtoken"
    ) -> list[str]:
        settings = SETTINGS[sender.kind](
            access_token=access_token, api_base=f"{self._base}/{sender.kind}"
        )
        parts = sender.plan(reply, settings, NOW_US)
        return [await sender.send(part, settings, self._platform) for part in parts]

    def texts(self, thread: str) -> list[str]:
        return self._book.texts(thread)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    book = Book()
    sandboxes = (WhatsAppSandbox(), MessengerSandbox(), InstagramSandbox())
    async with (
        TestServer(build_app(sandboxes, book), host="127.0.0.1") as server,
        open_session(10) as session,
    ):
        platform = HttpPlatform(
            session=session, clock=SystemClock(), submit_mail=nothing, show_in_chat=nothing
        )
        yield World(str(server.make_url("")).rstrip("/"), book, platform)


def reply(**changed: Any) -> Reply:
    plain: dict[str, Any] = {
        "reply_id": "r1",
        "thread_id": "300:700",
        "text": "On its way.",
        "last_customer_message_id": "m_1",
        "last_customer_at_us": WROTE_AT_US,
    }
    return Reply(**plain | changed)


@pytest.mark.parametrize(
    ("sender", "thread"),
    [(WhatsAppSender(), "300:700"), (MessengerSender(), "700"), (InstagramSender(), "700")],
    ids=lambda value: getattr(value, "kind", value),
)
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"attachments": (PHOTO,)},
        {"quick_replies": (("Yes", "y"), ("No", "n"))},
        {"quick_replies": tuple((f"slot {n}", f"s{n}") for n in range(9))},
        {"text": "Noch ein Satz über den Kessel. " * 200},
        {"text": "水壶漏水了。" * 200},
        {"reply_to_message_id": "m_1"},
    ],
)
async def test_what_is_planned_is_taken(
    sender: Sender, thread: str, changed: Any, world: World
) -> None:
    ids = await world.answer(sender, reply(**changed))
    assert all(ids)
    assert len(set(ids)) == len(ids)
    said = "".join(world.texts(thread))
    assert said.replace(" ", "") == reply(**changed).text.replace(" ", "")


async def test_a_template_is_taken_when_the_day_is_over(world: World) -> None:
    late = reply(last_customer_at_us=0, template=("on_its_way", "sv", ("7",)))
    assert await world.answer(WhatsAppSender(), late) == ["wamid.1"]


async def test_a_customer_without_a_number_is_reached(world: World) -> None:
    await world.answer(WhatsAppSender(), reply(thread_id="300:SE.2001"))
    assert world.texts("300:SE.2001") == ["On its way."]


@pytest.mark.parametrize("sender", [MessengerSender(), InstagramSender()], ids=lambda s: s.kind)
async def test_comments_are_answered_in_public_and_in_private(sender: Sender, world: World) -> None:
    below = {"thread_id": "900", "reply_address": "comment:900_1"}
    [public] = await world.answer(sender, reply(**below, public=True))
    assert public == "900_1_1"
    await world.answer(sender, reply(**below, text="Between us."))
    assert world.texts("900_1") == ["On its way.", "Between us."]


async def test_a_mention_is_answered_where_it_stands(world: World) -> None:
    mention = reply(thread_id="1802", reply_address="mention:1802:1703", public=True)
    assert await world.answer(InstagramSender(), mention) == ["1703_1"]


async def test_an_expired_token_is_told(world: World) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        await world.answer(MessengerSender(), reply(), access_token="expired")
    assert refused.value.code == "190"
    assert "access_token" in refused.value.remedy


async def test_a_throttled_call_is_tried_later(world: World) -> None:
    with pytest.raises(TryLaterError):
        await world.answer(WhatsAppSender(), reply(thread_id="300:130429"))
