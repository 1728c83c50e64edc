from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.gateway.channels.weibo import WeiboSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.weibo import WeiboSender

SENDER = WeiboSender()
SETTINGS = WeiboSettings(access_token="T", messages_base="http://m", api_base="http://a")

Replies = Callable[..., Reply]
Planned = Callable[..., Sequence[Part]]
Platforms = Callable[..., Any]


async def test_a_private_message_is_answered_privately(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"messages/reply": {"result": True}})
    [part] = planned(SENDER, reply(thread_id="248"), SETTINGS)
    assert await SENDER.send(part, SETTINGS, fake) == ""
    [call] = fake.calls
    assert (call.method, call.url) == ("POST", "http://m/2/messages/reply.json")
    data = json.loads(call.sent.pop("data"))
    assert data == {"text": "已为您退款。"}
    assert call.sent == {
        "access_token": "T",
        "receiver_id": "248",
        "type": "text",
        "save_sender_box": "1",
    }


async def test_a_mention_is_answered_below_its_post_or_privately(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"comments/create": {"idstr": "77"}, "messages/reply": {"result": True}})
    mention = {"thread_id": "5139", "reply_address": "248"}
    [part] = planned(SENDER, reply(**mention, public=True, last_customer_at_us=0), SETTINGS)
    assert await SENDER.send(part, SETTINGS, fake) == "77"
    assert fake.calls[0].sent == {"access_token": "T", "id": "5139", "comment": "已为您退款。"}
    [part] = planned(SENDER, reply(**mention), SETTINGS)
    await SENDER.send(part, SETTINGS, fake)
    assert fake.calls[1].sent["receiver_id"] == "248"


def test_a_mention_gets_one_private_message_only(reply: Replies, planned: Planned) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(thread_id="5139", reply_address="248", text="行李。" * 101), SETTINGS)
    assert refused.value.code == "too_long"


def test_messages_have_300_characters_and_comments_140(reply: Replies, planned: Planned) -> None:
    text = "行李。" * 150
    assert [len(part.text) for part in planned(SENDER, reply(text=text), SETTINGS)] == [300, 150]
    parts = planned(SENDER, reply(text=text, public=True), SETTINGS)
    assert all(len(part.text) <= 140 for part in parts)
    named = reply(attachments=(Attachment("image", url="https://n.cn/a.png"),))
    assert planned(SENDER, named, SETTINGS)[0].text == "已为您退款。\nhttps://n.cn/a.png"


@pytest.mark.parametrize(
    ("changed", "settings", "code"),
    [
        ({"last_customer_at_us": 0}, SETTINGS, "window_closed"),
        ({"text": ""}, SETTINGS, "empty"),
        ({"attachments": (Attachment("image", media_id="1"),)}, SETTINGS, "unsupported_attachment"),
        ({}, WeiboSettings(), "no_access_token"),
    ],
)
def test_what_cannot_go_out_is_refused_with_a_way_out(
    reply: Replies, planned: Planned, changed: dict[str, Any], settings: WeiboSettings, code: str
) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(**changed), settings)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((403, {"error_code": 10023, "error": "User requests out of rate limit"}), TryLaterError),
        ((403, {"error_code": 21327, "error": "expired_token"}), ReplyRefusedError),
        ((400, {"error_code": 20003, "error": "User does not exists"}), ReplyRefusedError),
        ((429, {"error_code": 1, "error": "?"}), TryLaterError),
        ((503, b""), TryLaterError),
        ((200, b"?"), UnknownOutcomeError),
    ],
)
async def test_each_answer_says_what_is_to_be_done(
    reply: Replies, planned: Planned, platform: Platforms, answer: Any, error: type[Exception]
) -> None:
    [part] = planned(SENDER, reply(), SETTINGS)
    with pytest.raises(error):
        await SENDER.send(part, SETTINGS, platform({"messages/reply": answer}))
