from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.channels.douyin import DouyinSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.douyin import DouyinSender

SENDER = DouyinSender()
SETTINGS = DouyinSettings(("S",), client_key="aw", api_base="http://api")
TOKEN = {"data": {"access_token": "clt.1", "expires_in": 7200, "error_code": 0}}
PRIVATE = {"thread_id": "_b:_f", "reply_address": "_b _f @conv"}
LINK = Attachment("link", url="https://n.cn")
DONE = {"data": {"error_code": 0, "description": ""}, "msg_id": "@sent"}

Replies = Callable[..., Reply]
Planned = Callable[..., Sequence[Part]]
Platforms = Callable[..., Any]


async def test_a_private_message_is_answered_in_its_conversation(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"client_token": TOKEN, "im/send/msg": DONE})
    [part] = planned(SENDER, reply(**PRIVATE), SETTINGS)
    assert await SENDER.send(part, SETTINGS, fake) == "@sent"
    assert fake.calls[0].sent == {
        "grant_type": "client_credential",
        "client_key": "aw",
        "client_secret": "S",
    }
    call = fake.calls[1]
    assert (call.url, call.headers) == (
        "http://api/im/send/msg/?open_id=_b",
        {"access-token": "clt.1"},
    )
    assert call.sent == {
        "msg_id": "m1",
        "conversation_id": "@conv",
        "to_user_id": "_f",
        "scene": "im_reply_msg",
        "content": {"msg_type": 1, "text": {"text": "已为您退款。"}},
    }


async def test_a_comment_is_answered_below_its_video(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"item/comment/reply": {"data": {"comment_id": "@c3"}}})
    settings = replace(SETTINGS, access_token="act.1")
    asked = reply(thread_id="@video", reply_address="_b", public=True, last_customer_at_us=0)
    [part] = planned(SENDER, asked, settings)
    assert await SENDER.send(part, settings, fake) == "@c3"
    assert fake.calls[0].sent == {
        "item_id": "@video",
        "comment_id": "m1",
        "content": "已为您退款。",
    }
    assert fake.calls[0].headers == {"access-token": "act.1"}


def test_what_douyin_holds_already_can_be_sent(reply: Replies, planned: Planned) -> None:
    files = (Attachment("image", media_id="i"), Attachment("video", media_id="v"))
    parts = planned(SENDER, reply(**PRIVATE, attachments=files), SETTINGS)
    contents = [part.payload["body"]["content"] for part in parts]  # type: ignore[index]
    assert contents[1:] == [
        {"msg_type": 2, "image": {"media_id": "i"}},
        {"msg_type": 3, "video": {"item_id": "v"}},
    ]


@pytest.mark.parametrize(
    ("changed", "settings", "code"),
    [
        ({"last_customer_at_us": 1}, SETTINGS, "window_closed"),
        ({"reply_address": "_b"}, SETTINGS, "no_address"),
        ({"text": ""}, SETTINGS, "empty"),
        ({"text": "", "public": True}, SETTINGS, "empty"),
        ({"text": "行李。" * 5000}, SETTINGS, "too_long"),
        (
            {"attachments": (Attachment("link", url="https://n"),)},
            SETTINGS,
            "unsupported_attachment",
        ),
        ({"attachments": (Attachment("image", media_id="i"),) * 6}, SETTINGS, "too_many"),
        ({}, DouyinSettings(("S",)), "no_credentials"),
    ],
)
def test_what_cannot_go_out_is_refused_with_a_way_out(
    reply: Replies, planned: Planned, changed: dict[str, Any], settings: DouyinSettings, code: str
) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(**PRIVATE | changed), settings)
    assert refused.value.code == code
    assert refused.value.remedy


async def test_a_token_that_is_over_is_fetched_once_more(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    expired = {"data": {"error_code": 2190008, "description": "access_token过期"}}
    [part] = planned(SENDER, reply(**PRIVATE), SETTINGS)
    fake = platform({"client_token": TOKEN, "im/send/msg": [expired, DONE]})
    assert await SENDER.send(part, SETTINGS, fake) == "@sent"
    fake = platform({"client_token": TOKEN, "im/send/msg": expired})
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, fake)
    assert (refused.value.code, len(fake.sent_to("im/send/msg"))) == ("2190008", 2)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"data": {"error_code": 2100004, "description": "系统繁忙"}}, TryLaterError),
        ({"err_no": 28003042, "err_msg": "limit"}, ReplyRefusedError),
        ((429, {"err_no": 1}), TryLaterError),
        ((500, b"?"), TryLaterError),
        ((200, b"?"), UnknownOutcomeError),
    ],
)
async def test_each_answer_says_what_is_to_be_done(
    reply: Replies, planned: Planned, platform: Platforms, answer: Any, error: type[Exception]
) -> None:
    [part] = planned(SENDER, reply(**PRIVATE), SETTINGS)
    with pytest.raises(error):
        await SENDER.send(part, SETTINGS, platform({"client_token": TOKEN, "im/send/msg": answer}))


@pytest.mark.parametrize("answer", [(500, {}), (504, {}), {"data": {}}, b"?"])
async def test_without_a_token_nothing_went_out(
    reply: Replies, planned: Planned, platform: Platforms, answer: Any
) -> None:
    [part] = planned(SENDER, reply(**PRIVATE), SETTINGS)
    with pytest.raises(TryLaterError):
        await SENDER.send(part, SETTINGS, platform({"client_token": answer}))
