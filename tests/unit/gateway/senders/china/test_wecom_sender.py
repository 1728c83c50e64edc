from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.gateway.channels.wecom import WecomSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.wecom import WecomSender, message_id

SENDER = WecomSender()
SETTINGS = WecomSettings(
    corp_id="ww1", kf_secret="K", agent_id="1000002", agent_secret="A", api_base="http://api"
)
TOKEN = {"errcode": 0, "access_token": "T", "expires_in": 7200}
THREAD = "wkSUPPORT:wmLINA"

Replies = Callable[..., Reply]
Planned = Callable[..., Sequence[Part]]
Platforms = Callable[..., Any]


async def test_an_answer_of_the_customer_service_carries_its_own_id(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"gettoken": TOKEN, "kf/send_msg": {"errcode": 0, "msgid": "ours"}})
    [part] = planned(SENDER, reply(thread_id=THREAD), SETTINGS)
    assert await SENDER.send(part, SETTINGS, fake) == "ours"
    assert fake.calls[0].url == "http://api/cgi-bin/gettoken?corpid=ww1&corpsecret=K"
    assert fake.calls[-1].sent == {
        "touser": "wmLINA",
        "open_kfid": "wkSUPPORT",
        "msgid": message_id("r1:0"),
        "msgtype": "text",
        "text": {"content": "已为您退款。"},
    }
    assert len(message_id("r1:0")) <= 32


async def test_an_application_answers_its_user_at_any_time(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    fake = platform({"gettoken": TOKEN, "message/send": {"errcode": 0, "msgid": "x1"}})
    asked = reply(
        thread_id="zhang.min",
        reply_address="1000007",
        last_customer_at_us=0,
        quick_replies=(("好了", "yes"),),
        attachments=(Attachment("file", media_id="F1"),),
    )
    for part in planned(SENDER, asked, SETTINGS):
        assert await SENDER.send(part, SETTINGS, fake) == "x1"
    assert "corpsecret=A" in fake.calls[0].url
    assert fake.sent_to("message/send") == [
        {
            "touser": "zhang.min",
            "agentid": 1000007,
            "msgtype": "text",
            "text": {"content": "已为您退款。\n好了"},
        },
        {
            "touser": "zhang.min",
            "agentid": 1000007,
            "msgtype": "file",
            "file": {"media_id": "F1"},
        },
    ]


def test_quick_replies_are_a_menu_and_links_are_words(reply: Replies, planned: Planned) -> None:
    asked = reply(
        thread_id=THREAD,
        quick_replies=(("满意", "good"),),
        attachments=(Attachment("link", url="https://n.cn", name="官网"),),
    )
    [part] = planned(SENDER, asked, SETTINGS)
    assert part.payload["message"] == {
        "msgtype": "msgmenu",
        "msgmenu": {
            "head_content": "已为您退款。\n官网 https://n.cn",
            "list": [{"type": "click", "click": {"id": "good", "content": "满意"}}],
        },
    }


@pytest.mark.parametrize(
    ("changed", "settings", "code"),
    [
        ({"last_customer_at_us": 0}, SETTINGS, "window_closed"),
        ({"template": ("t", "zh", ())}, SETTINGS, "no_template"),
        ({}, WecomSettings(corp_id="ww1"), "no_credentials"),
        ({"thread_id": "zhang.min"}, WecomSettings(corp_id="ww1"), "no_credentials"),
        ({"thread_id": "zhang.min", "reply_address": "x"}, SETTINGS, "no_address"),
    ],
)
def test_what_cannot_go_out_is_refused_with_a_way_out(
    reply: Replies, planned: Planned, changed: dict[str, Any], settings: WecomSettings, code: str
) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        planned(SENDER, reply(**{"thread_id": THREAD} | changed), settings)
    assert refused.value.code == code
    assert refused.value.remedy


async def test_the_sixth_message_is_refused_by_wecom(
    reply: Replies, planned: Planned, platform: Platforms
) -> None:
    answer = {"errcode": 95001, "errmsg": "send msg count limit"}
    fake = platform({"gettoken": TOKEN, "kf/send_msg": answer})
    [part] = planned(SENDER, reply(thread_id=THREAD), SETTINGS)
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, fake)
    assert refused.value.code == "95001"
    assert "five" in refused.value.remedy
