from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.gateway.channels.wechat_official_account import WechatSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.wechat_official_account import WechatOfficialAccountSender

SENDER = WechatOfficialAccountSender()
SETTINGS = WechatSettings(app_id="wx1", app_secret="s", api_base="http://api")
TOKEN = {"access_token": "T&1", "expires_in": 7200}
HOUR_US = 3600 * 1_000_000

Replies = Callable[..., Reply]
Planned = Callable[..., Sequence[Part]]
Platforms = Callable[..., Any]


async def test_a_text_goes_out_as_a_customer_service_message(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"stable_token": TOKEN, "custom/send": {"errcode": 0, "errmsg": "ok"}})
    settings = replace(SETTINGS, sign="name", kf_account="li@care")
    [part] = planned(SENDER, reply(), settings)
    assert await SENDER.send(part, settings, fake) == ""
    assert fake.sent_to("stable_token") == [
        {"grant_type": "client_credential", "appid": "wx1", "secret": "s"}
    ]
    assert fake.calls[-1].url == ("http://api/cgi-bin/message/custom/send?access_token=T%261")
    assert fake.calls[-1].sent == {
        "touser": "oLINA",
        "msgtype": "text",
        "text": {"content": "已为您退款。\n- 李 娜"},
        "customservice": {"kf_account": "li@care"},
    }


def test_after_two_days_only_a_template_goes_out(reply: Replies, planned: Planned) -> None:
    late = {"last_customer_at_us": reply().last_customer_at_us - 47 * HOUR_US - 1}
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(**late), SETTINGS)
    assert refused.value.code == "window_closed"
    assert "template" in refused.value.remedy
    [part] = planned(
        SENDER, reply(**late, template=("TPL", "zh", ("A-1", "thing2=登机箱", "1=2"))), SETTINGS
    )
    assert part.payload["message"] == {
        "template_id": "TPL",
        "data": {
            "keyword1": {"value": "A-1"},
            "thing2": {"value": "登机箱"},
            "keyword3": {"value": "1=2"},
        },
    }


async def test_a_template_is_known_by_its_message_id(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"stable_token": TOKEN, "template/send": {"errcode": 0, "msgid": 200163836}})
    [part] = planned(SENDER, reply(template=("TPL", "zh", ())), SETTINGS)
    assert await SENDER.send(part, SETTINGS, fake) == "200163836"
    assert fake.calls[-1].sent == {"touser": "oLINA", "template_id": "TPL", "data": {}}


def test_long_texts_go_out_in_parts_of_2048_bytes_and_at_most_five(
    reply: Replies, planned: Planned
) -> None:
    parts = planned(SENDER, reply(text="行李。" * 500), SETTINGS)
    assert len(parts) == 3
    assert all(len(part.text.encode()) <= 2048 for part in parts)
    assert "".join(part.text for part in parts) == "行李。" * 500
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(text="行李。" * 2000), SETTINGS)
    assert refused.value.code == "too_long"


def test_quick_replies_are_a_menu_after_the_text(reply: Replies, planned: Planned) -> None:
    asked = reply(text="满意吗？", quick_replies=(("满意", "good"), ("不满意", "bad")))
    [part] = planned(SENDER, asked, SETTINGS)
    assert part.payload["message"] == {
        "msgtype": "msgmenu",
        "msgmenu": {
            "head_content": "满意吗？",
            "list": [{"id": "good", "content": "满意"}, {"id": "bad", "content": "不满意"}],
        },
    }


async def test_files_are_uploaded_linked_or_named(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform(
        {
            "stable_token": TOKEN,
            "media/upload": {"type": "image", "media_id": "M9"},
            "custom/send": {"errcode": 0},
        }
    )
    attachments = (
        Attachment("image", name='a".png', media_type="image/png", content=b"\x89PNG"),
        Attachment("audio", media_id="V1"),
        Attachment("link", url="https://n.cn/r", name="退款"),
        Attachment("file", url="https://n.cn/a.pdf", name="a.pdf"),
    )
    parts = planned(SENDER, reply(attachments=attachments), SETTINGS)
    for part in parts:
        await SENDER.send(part, SETTINGS, fake)
    [uploaded] = fake.sent_to("media/upload")
    assert b'name="media"; filename="a\'.png"' in uploaded
    assert b"\x89PNG" in uploaded
    assert [sent["msgtype"] for sent in fake.sent_to("custom/send")] == [
        "text",
        "image",
        "voice",
        "news",
    ]
    assert fake.sent_to("custom/send")[0]["text"]["content"].endswith("a.pdf https://n.cn/a.pdf")
    assert fake.sent_to("custom/send")[1]["image"] == {"media_id": "M9"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"text": " "}, "empty"),
        ({"attachments": (Attachment("image", media_id="m"),) * 5}, "too_many"),
        ({"attachments": (Attachment("file", media_id="m"),)}, "unsupported_attachment"),
        ({"quick_replies": (("a", "b"),) * 11}, "too_many_choices"),
    ],
)
def test_what_cannot_go_out_is_refused_with_a_way_out(
    reply: Replies, planned: Planned, changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(**changed), SETTINGS)
    assert refused.value.code == code
    assert refused.value.remedy


async def test_a_token_that_is_over_is_fetched_once_more(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    expired = {"errcode": 42001, "errmsg": "access_token expired"}
    fake = platform(
        {
            "stable_token": [TOKEN, {**TOKEN, "access_token": "T2"}],
            "custom/send": [expired, {"errcode": 0}],
        }
    )
    [part] = planned(SENDER, reply(), SETTINGS)
    await SENDER.send(part, SETTINGS, fake)
    assert fake.calls[-1].url.endswith("=T2")
    fake = platform({"stable_token": TOKEN, "custom/send": {"errcode": 40001, "errmsg": "no"}})
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, fake)
    assert refused.value.code == "40001"
    assert len(fake.sent_to("custom/send")) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errcode": 45015, "errmsg": "response out of time limit"}, ReplyRefusedError),
        ({"errcode": -1, "errmsg": "system busy"}, TryLaterError),
        ((429, {}), TryLaterError),
        ((502, b"<html>"), TryLaterError),
        ((200, b"<html>"), UnknownOutcomeError),
        ((504, b""), UnknownOutcomeError),
        ((403, b"no"), ReplyRefusedError),
    ],
)
async def test_each_answer_says_what_is_to_be_done(
    reply: Replies, planned: Planned, platform: Platforms, answer: Any, error: type[Exception]
) -> None:
    fake = platform({"stable_token": TOKEN, "custom/send": answer})
    [part] = planned(SENDER, reply(), SETTINGS)
    with pytest.raises(error) as raised:
        await SENDER.send(part, SETTINGS, fake)
    if isinstance(raised.value, ReplyRefusedError):
        assert raised.value.remedy


@pytest.mark.parametrize(
    "answer", [(500, {}), (504, {}), {}, b"?", UnknownOutcomeError("the connection ended")]
)
async def test_without_a_token_nothing_went_out(
    reply: Replies, planned: Planned, platform: Platforms, answer: Any
) -> None:
    fake = platform({"stable_token": answer})
    [part] = planned(SENDER, reply(), SETTINGS)
    with pytest.raises(TryLaterError):
        await SENDER.send(part, SETTINGS, fake)


async def test_wrong_credentials_are_told(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"stable_token": {"errcode": 40125, "errmsg": "invalid appsecret"}})
    [part] = planned(SENDER, reply(), SETTINGS)
    with pytest.raises(ReplyRefusedError, match="40125"):
        await SENDER.send(part, SETTINGS, fake)
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(), WechatSettings())
    assert refused.value.code == "no_credentials"
