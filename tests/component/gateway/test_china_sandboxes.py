from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from services.gateway.adapters.platform_http import HttpPlatform, open_session
from services.gateway.channels.douyin import DouyinSettings
from services.gateway.channels.wechat_official_account import WechatSettings
from services.gateway.channels.wecom import WecomSettings
from services.gateway.channels.weibo import WeiboSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.douyin import DouyinSender
from services.gateway.senders.sender import Sender
from services.gateway.senders.wechat_official_account import WechatOfficialAccountSender
from services.gateway.senders.wecom import WecomSender
from services.gateway.senders.weibo import WeiboSender
from services.kernel.clock import SystemClock
from services.simulator.platforms.douyin import DouyinSandbox
from services.simulator.platforms.platform import Book, build_app
from services.simulator.platforms.wechat_official_account import WechatOfficialAccountSandbox
from services.simulator.platforms.wecom import WecomSandbox
from services.simulator.platforms.weibo import WeiboSandbox

WROTE_AT_US = 1_772_529_342_000_000
NOW_US = WROTE_AT_US + 60_000_000
PHOTO = Attachment("image", name="箱子.png", media_type="image/png", content=b"\x89PNG")
SENDERS: tuple[Sender, ...] = (
    WechatOfficialAccountSender(),
    WecomSender(),
    WeiboSender(),
    DouyinSender(),
)
# What a thread is called on each, where its answers go, and where the book has them.
THREADS = {
    "wechat_official_account": ("oLINA", "", "oLINA"),
    "wecom": ("wkA:wmLINA", "", "wkA:wmLINA"),
    "weibo": ("2487", "", "2487"),
    "douyin": ("_b:_f", "_b _f @conv", "_f"),
}


async def nothing(*_: Any, **__: Any) -> None:
    raise AssertionError("neither mail nor chat is used")


class World:
    def __init__(self, base: str, book: Book, platform: HttpPlatform) -> None:
        self._base = base
        self.book = book
        self._platform = platform

    def settings(self, kind: str, **changed: Any) -> Any:
        base = f"{self._base}/{kind}"
        ways_out: dict[str, dict[str, Any]] = {
            "wechat_official_account": {"app_id": "wx1", "app_secret": "s"},
            "wecom": {
                "corp_id": "ww1",
                "kf_secret": "k",
                "agent_id": "7",
                "agent_secret": "a",
            },
            "weibo": {"access_token": "T", "messages_base": base},
            "douyin": {"secrets": ("S",), "client_key": "aw"},
        }
        plain = {"api_base": base, **ways_out[kind]}
        classes: dict[str, Any] = {
            "wechat_official_account": WechatSettings,
            "wecom": WecomSettings,
            "weibo": WeiboSettings,
            "douyin": DouyinSettings,
        }
        return classes[kind](**plain | changed)

    async def answer(self, sender: Sender, reply: Reply, **changed: Any) -> list[str]:
        settings = self.settings(sender.kind, **changed)
        parts = sender.plan(reply, settings, NOW_US)
        return [await sender.send(part, settings, self._platform) for part in parts]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    book = Book()
    sandboxes = (
        WechatOfficialAccountSandbox(),
        WecomSandbox(),
        WeiboSandbox(),
        DouyinSandbox(),
    )
    async with (
        TestServer(build_app(sandboxes, book), host="127.0.0.1") as server,
        open_session(10) as session,
    ):
        platform = HttpPlatform(
            session=session, clock=SystemClock(), submit_mail=nothing, show_in_chat=nothing
        )
        yield World(str(server.make_url("")).rstrip("/"), book, platform)


def reply(kind: str, **changed: Any) -> Reply:
    thread_id, reply_address, _ = THREADS[kind]
    plain: dict[str, Any] = {
        "reply_id": "r1",
        "thread_id": thread_id,
        "reply_address": reply_address,
        "text": "已为您退款 & 改签。",
        "last_customer_message_id": "m1",
        "last_customer_at_us": WROTE_AT_US,
    }
    return Reply(**plain | changed)


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.kind)
@pytest.mark.parametrize("text", ["已为您退款 & 改签。", "行李。" * 400, "Your bag 🧳 is found."])
async def test_what_is_planned_is_taken(sender: Sender, text: str, world: World) -> None:
    await world.answer(sender, reply(sender.kind, text=text))
    said = "".join(world.book.texts(THREADS[sender.kind][2]))
    assert said == text


@pytest.mark.parametrize("sender", SENDERS[:2], ids=lambda sender: sender.kind)
async def test_a_file_and_a_menu_are_taken(sender: Sender, world: World) -> None:
    asked = reply(sender.kind, attachments=(PHOTO,), quick_replies=(("满意", "good"),))
    await world.answer(sender, asked)
    kinds = [message.payload["msgtype"] for message in world.book.messages]
    assert sorted(map(str, kinds)) == ["image", "msgmenu"]


async def test_an_application_answers_its_user(world: World) -> None:
    [message_id] = await world.answer(
        WecomSender(), reply("wecom", thread_id="zhang.min", reply_address="1000002")
    )
    assert world.book.texts("zhang.min") == ["已为您退款 & 改签。"]
    assert message_id


async def test_a_template_goes_out_when_the_window_is_over(world: World) -> None:
    late = reply("wechat_official_account", last_customer_at_us=1, template=("T1", "zh", ("a",)))
    assert await world.answer(WechatOfficialAccountSender(), late) == ["1"]


async def test_public_answers_are_taken(world: World) -> None:
    asked = {"public": True, "last_customer_at_us": 0}
    await world.answer(WeiboSender(), reply("weibo", thread_id="5139", **asked))
    await world.answer(DouyinSender(), reply("douyin", thread_id="@video", **asked))
    assert world.book.texts("5139") == world.book.texts("@video") == ["已为您退款 & 改签。"]


@pytest.mark.parametrize(
    ("sender", "thread", "changed", "error"),
    [
        (SENDERS[0], {"thread_id": "late"}, {}, ReplyRefusedError),
        (SENDERS[0], {"thread_id": "busy"}, {}, TryLaterError),
        (SENDERS[0], {}, {"app_secret": "wrong"}, ReplyRefusedError),
        (SENDERS[1], {"thread_id": "wkA:late"}, {}, ReplyRefusedError),
        (SENDERS[1], {"thread_id": "wkA:busy"}, {}, TryLaterError),
        (SENDERS[1], {}, {"kf_secret": "wrong"}, ReplyRefusedError),
        (SENDERS[2], {"thread_id": "nobody"}, {}, ReplyRefusedError),
        (SENDERS[2], {"thread_id": "10023"}, {}, TryLaterError),
        (SENDERS[2], {}, {"access_token": "expired"}, ReplyRefusedError),
        (SENDERS[3], {"reply_address": "_b busy @c"}, {}, TryLaterError),
        (SENDERS[3], {}, {"access_token": "expired"}, ReplyRefusedError),
    ],
)
async def test_what_a_platform_does_not_take_is_told(
    sender: Sender, thread: Any, changed: Any, error: type[Exception], world: World
) -> None:
    with pytest.raises(error):
        await world.answer(sender, reply(sender.kind, **thread), **changed)
    assert world.book.messages == []
