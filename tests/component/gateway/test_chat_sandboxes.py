"""The senders of Telegram, LINE, Slack and X against imitations of their platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from services.gateway.adapters.platform_http import HttpPlatform, open_session
from services.gateway.channels.line import LineSettings
from services.gateway.channels.slack.settings import SlackSettings
from services.gateway.channels.telegram.settings import TelegramSettings
from services.gateway.channels.x.settings import XSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.line import LineSender
from services.gateway.senders.sender import Sender
from services.gateway.senders.slack import SlackSender
from services.gateway.senders.telegram import TelegramSender
from services.gateway.senders.x.sender import XSender
from services.kernel.clock import SystemClock
from services.simulator.platforms import line, slack, telegram, x
from services.simulator.platforms.platform import Book, build_app

WROTE_AT_US = 1_767_168_000_000_000
NOW_US = WROTE_AT_US + 60_000_000
PHOTO = Attachment("image", url="https://cdn.example/a.jpg")
SENDERS: dict[str, Sender] = {
    one.kind: one for one in (TelegramSender(), LineSender(), SlackSender(), XSender())
}
SETTINGS: dict[str, Any] = {
    "telegram": TelegramSettings(("s",), bot_token="1:abc"),
    "line": LineSettings(("s",), access_token="token"),
    "slack": SlackSettings(("s",), bot_token="xoxb-1"),
    "x": XSettings(("s",), "ck", "at", "ats"),
}
# The thread as the channel names it, and as the platform's book does.
THREADS = {
    "telegram": ("42", "42"),
    "line": ("U1", "U1"),
    "slack": ("C0:1772.1", "C0:1772.1"),
    "x": ("900:700", "700"),
}


async def nothing(*_: Any, **__: Any) -> None:
    raise AssertionError("neither mail nor chat is used")


class World:
    def __init__(self, base: str, book: Book, platform: HttpPlatform) -> None:
        self._base = base
        self.book = book
        self.platform = platform

    def settings(self, kind: str, **changed: str) -> Any:
        return replace(SETTINGS[kind], api_base=f"{self._base}/{kind}", **changed)

    async def answer(self, kind: str, reply: Reply, **changed: str) -> list[str]:
        sender, settings = SENDERS[kind], self.settings(kind, **changed)
        parts = sender.plan(reply, settings, NOW_US)
        return [await sender.send(part, settings, self.platform) for part in parts]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    book = Book()
    sandboxes = (
        telegram.TelegramSandbox(),
        line.LineSandbox(),
        slack.SlackSandbox(),
        x.XSandbox(),
    )
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
        "thread_id": "42",
        "text": "On its way.",
        "last_customer_message_id": "7",
        "last_customer_at_us": WROTE_AT_US,
    }
    return Reply(**plain | changed)


@pytest.mark.parametrize("kind", sorted(SENDERS))
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"attachments": (PHOTO,)},
        {"quick_replies": (("Yes", "y"), ("No", "n"))},
        {"text": "Noch ein Satz über den Kessel & <mehr>. " * 200},
        {"text": "水壶漏水了。" * 1_500},
        {"text": "", "attachments": (PHOTO, PHOTO)},
        {"reply_to_message_id": "6"},
    ],
)
async def test_what_is_planned_is_taken(kind: str, changed: Any, world: World) -> None:
    thread, kept = THREADS[kind]
    answer = reply(thread_id=thread, **changed)
    ids = await world.answer(kind, answer)
    assert all(ids)
    assert len(set(ids)) == len(ids)
    said = "".join(world.book.texts(kept)).replace(" ", "").replace("\n", "")
    assert answer.text.replace(" ", "") in said


async def test_a_post_is_answered_publicly_and_in_private(world: World) -> None:
    await world.answer("x", reply(thread_id="5", public=True, text="行李到了。" * 60))
    assert len(world.book.texts("7")) == 3
    await world.answer("x", reply(thread_id="5", reply_address="700"))
    assert world.book.texts("700") == ["On its way."]
    assert world.book.texts("7")[-1] == "We have answered you in a direct message."


async def test_a_push_that_comes_again_is_taken_once(world: World) -> None:
    answer = reply(thread_id="U1")
    assert await world.answer("line", answer) == await world.answer("line", answer)
    assert world.book.texts("U1") == ["On its way."]


@pytest.mark.parametrize(
    ("kind", "changed", "settings", "code"),
    [
        ("telegram", {"thread_id": str(telegram.BLOCKING_CHAT)}, {}, "blocked"),
        ("telegram", {}, {"bot_token": telegram.REVOKED_TOKEN}, "http_401"),
        ("line", {"thread_id": line.OVER_MONTH}, {}, "monthly_limit"),
        ("line", {}, {"access_token": line.EXPIRED_TOKEN}, "http_401"),
        ("slack", {"thread_id": slack.UNKNOWN_CHANNEL}, {}, "channel_not_found"),
        ("slack", {}, {"bot_token": slack.REVOKED_TOKEN}, "token_revoked"),
        ("x", {"thread_id": f"900:{x.CLOSED_USER}"}, {}, "not_permitted"),
    ],
)
async def test_a_refusal_names_the_remedy(
    kind: str, changed: dict[str, str], settings: dict[str, str], code: str, world: World
) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        await world.answer(kind, reply(**changed), **settings)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("kind", "changed", "waits"),
    [
        ("telegram", {"thread_id": str(telegram.BUSY_CHAT)}, True),
        ("line", {"thread_id": line.OVER_RATE}, False),
        ("slack", {"thread_id": slack.BUSY_CHANNEL}, True),
        ("x", {"thread_id": "5", "public": True, "last_customer_message_id": x.BUSY_POST}, True),
    ],
)
async def test_it_is_tried_later_where_the_platform_is_busy(
    kind: str, changed: dict[str, Any], world: World, *, waits: bool
) -> None:
    with pytest.raises(TryLaterError) as later:
        await world.answer(kind, reply(**changed))
    assert (later.value.after_us > 0) == waits
