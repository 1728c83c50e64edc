from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from services.gateway.channels.wechat_signing import check_key, sign
from services.gateway.channels.wecom import WecomChannel, WecomSettings
from services.gateway.channels.wecom_kf import pulled_events
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    CustomerAction,
    IncomingEvent,
    Location,
    MessageDeletion,
    PullDue,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = WecomChannel()
SAMPLES = Path(__file__).parent / "samples"
THREAD = "wkSUPPORT:wmLINA"
NOW = 1_772_529_342
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SETTINGS = WecomSettings(("token",), corp_id="wwNORDWIND", encoding_aes_key=KEY)


def parse(body: bytes) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(body))
    return event


def pulled() -> dict[str, IncomingEvent]:
    events = pulled_events((SAMPLES / "sync_msg.json").read_bytes())
    assert events == CHANNEL.parse(InboundRequest((SAMPLES / "sync_msg.json").read_bytes()))
    return {event.event_id: event for event in events}


def written(name: str) -> WrittenMessage:
    body = pulled()[name].body
    assert isinstance(body, WrittenMessage)
    return body


def test_a_push_says_what_is_to_be_pulled() -> None:
    event = parse((SAMPLES / "kf_push.xml").read_bytes())
    assert event.body == PullDue("wkSUPPORT", "ENCpermission")


def test_a_customers_text_is_in_the_thread_of_both() -> None:
    assert pulled()["k-text"] == IncomingEvent(
        event_id="k-text",
        channel="wecom",
        thread_id=THREAD,
        body=WrittenMessage("k-text", "customer", "", "我要退款", payload="refund"),
        occurred_at_us=NOW * 1_000_000,
        author_id="wmLINA",
    )


def test_who_answers_in_wecom_is_an_agent() -> None:
    event = pulled()["k-agent"]
    assert event.body == WrittenMessage("k-agent", "agent", "", "已为您退款")
    assert (event.thread_id, event.author_id) == (THREAD, "li.na")


@pytest.mark.parametrize(
    ("name", "attachment"),
    [
        ("k-image", Attachment("image", "media-1")),
        ("k-voice", Attachment("audio", "media-2")),
        ("k-video", Attachment("video", "media-3")),
        ("k-file", Attachment("file", "media-4")),
        ("k-link", Attachment("link", url="https://shop.example/88", name="订单 88")),
        ("k-card", Attachment("contact", "wang.wei", name="wang.wei")),
        ("k-mini", Attachment("link", "media-5", "p/rebook", name="改签")),
        ("k-order", Attachment("link", "o-1", "https://shop.example/b.png", name="登机箱")),
        ("k-product", Attachment("link", "p-1", "https://shop.example/p.png", name="登机箱")),
        ("k-channels", Attachment("link", name="新航线")),
    ],
)
def test_each_kind_of_content_is_attached(name: str, attachment: Attachment) -> None:
    assert written(name).attachments == (attachment,)
    assert written(name).text == ""


def test_places_menus_and_forwarded_chats_are_read() -> None:
    location = Location(23.1060218811035, 113.320503234863, "广州塔", "阅江西路222号")
    assert written("k-location").location == location
    assert written("k-menu").text == "满意吗？\n满意\n官网\n谢谢"
    merged = written("k-merged")
    assert (merged.text, merged.quoted_text) == ("聊天记录", "小李: 箱子坏了")


def test_failures_and_recalls_are_told_of_their_messages() -> None:
    events = pulled()
    assert events["k-fail"].body == Receipt(
        "failed", ("ours-1",), code="10", reason="the customer refuses messages"
    )
    assert events["k-recall"].body == MessageDeletion("k-text")
    assert {events["k-fail"].thread_id, events["k-recall"].thread_id} == {THREAD}


def test_other_events_and_unreadable_entries_do_not_stop_the_others() -> None:
    events = list(pulled().values())
    assert len(events) == 22
    kept = [
        (event.thread_id, event.body.type, bool(event.body.reason))
        for event in events
        if isinstance(event.body, UnrecognisedEvent)
    ]
    assert kept == [
        (THREAD, "note", False),
        (THREAD, "enter_session", False),
        ("", "servicer_status_change", False),
        ("", "text", True),
        ("", "message", True),
    ]


def test_an_applications_user_is_answered_by_that_application() -> None:
    event = parse((SAMPLES / "app_text.xml").read_bytes())
    assert event.body == WrittenMessage(
        "7261500112", "customer", "", "电脑打不开", reply_address="1000002"
    )
    assert (event.event_id, event.thread_id) == ("zhang.min:7261500112", "zhang.min")


def test_an_applications_menu_is_an_action_and_other_events_keep_their_names() -> None:
    def told(**fields: object) -> IncomingEvent:
        payload = {"FromUserName": "sys", "CreateTime": NOW, "MsgType": "event", **fields}
        return parse(json.dumps(payload).encode())

    assert told(Event="click", EventKey="k").body == CustomerAction("menu.clicked", "k")
    first = told(Event="change_external_contact", ChangeType="add_external_contact", UserID="a")
    other = told(Event="change_external_contact", ChangeType="add_external_contact", UserID="b")
    assert isinstance(first.body, UnrecognisedEvent)
    assert first.body.type == "change_external_contact.add_external_contact"
    assert first.event_id != other.event_id
    ticket = parse(b"<xml><SuiteId>s</SuiteId><InfoType>suite_ticket</InfoType></xml>")
    assert isinstance(ticket.body, UnrecognisedEvent)
    assert ticket.body.type == "suite_ticket"


@pytest.mark.parametrize("name", ["wechatpy-work-echostr", "wecom-official-verify-url"])
def test_the_published_echoes_are_opened(
    name: str, vector: Callable[[str], dict[str, Any]]
) -> None:
    published = vector(name)
    secret, given = published["secret"], published["request"]
    settings = WecomSettings(
        ("other", secret["token"]),
        corp_id=secret["corp_id"],
        encoding_aes_key=secret["encoding_aes_key"],
    )
    request = InboundRequest(b"", query=given["query"], method="GET")
    answer = CHANNEL.handshake(request, settings, 0)
    assert answer is not None
    assert answer.body.decode() == given["must_respond"]
    for changed in ("nonce", "echostr", "msg_signature", "timestamp"):
        value = given["query"][changed]
        query = {
            **given["query"],
            changed: value[:-3] + ("7" if value[-3] != "7" else "8") + value[-2:],
        }
        with pytest.raises(RefusedError):
            CHANNEL.handshake(replace(request, query=query), settings, 0)


def sealed(message: str) -> InboundRequest:
    encrypted = PrpCrypto(check_key(KEY)).encrypt(message, "wwNORDWIND").decode()
    body = f"<xml><ToUserName>ww</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()
    query = {"timestamp": str(NOW), "nonce": "n"}
    query["msg_signature"] = sign("token", str(NOW), "n", encrypted)
    return InboundRequest(body, query=query)


def test_a_push_is_opened_once_it_proves_itself() -> None:
    message = (SAMPLES / "kf_push.xml").read_text(encoding="utf-8").strip()
    request = sealed(message)
    proved = CHANNEL.verify(request, SETTINGS, NOW * 1_000_000)
    assert proved.body.decode() == message
    for body in (b"", b"<xml/>", request.body.replace(b"<Encrypt>", b"<Encrypt>A"), b"\xff"):
        with pytest.raises(RefusedError):
            CHANNEL.verify(replace(request, body=body), SETTINGS, NOW * 1_000_000)
    with pytest.raises(RefusedError):
        CHANNEL.verify(request, SETTINGS, (NOW + 601) * 1_000_000)


@pytest.mark.parametrize("settings", [WecomSettings(("t",)), replace(SETTINGS, corp_id="")])
def test_an_account_without_its_key_is_told_at_the_start(settings: WecomSettings) -> None:
    CHANNEL.check(SETTINGS)
    with pytest.raises(ValueError, match="corp_id"):
        CHANNEL.check(settings)


@given(data=st.data())
def test_a_changed_answer_never_fails_otherwise(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    answer = json.loads((SAMPLES / "sync_msg.json").read_bytes())
    body = json.dumps(data.draw(changed(answer))).encode()
    try:
        CHANNEL.parse(InboundRequest(body))
    except InvalidRequestError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_told(body: bytes) -> None:
    for prefix in (b"", b"<xml><MsgType>", b'{"msg_list": [', b'{"msgtype": '):
        try:
            CHANNEL.parse(InboundRequest(prefix + body))
        except InvalidRequestError:
            continue


def pulled_one(**message: object) -> IncomingEvent:
    answer = {"msg_list": [{"msgid": "k-1", "external_userid": "wmLINA", **message}]}
    [event] = pulled_events(json.dumps(answer).encode())
    return event


def test_a_message_that_names_nothing_but_the_customer_is_read() -> None:
    event = pulled_one(msgtype="text", text={"content": "在吗"})
    assert (event.thread_id, event.author_id) == ("wmLINA", "wmLINA")
    assert event.body == WrittenMessage("k-1", "customer", "", "在吗")


def test_without_an_origin_a_servicers_name_tells_who_wrote() -> None:
    event = pulled_one(msgtype="text", text={"content": "您好"}, servicer_userid="anna")
    assert event.author_id == "anna"
    assert event.body == WrittenMessage("k-1", "agent", "", "您好")


def test_a_merged_conversation_is_told_in_words() -> None:
    items = [
        {
            "sender_name": "Lina",
            "msgtype": "text",
            "msg_content": json.dumps({"msgtype": "text", "text": {"content": "行李丢了"}}),
        },
        {"sender_name": "Anna", "msgtype": "image", "msg_content": {"image": {"media_id": "m"}}},
        {"sender_name": "Lina", "msg_content": "{broken"},
        {"sender_name": "Lina", "msgtype": "link", "msg_content": {"link": {"title": "单据"}}},
    ]
    body = pulled_one(msgtype="merged_msg", merged_msg={"title": "聊天记录", "item": items}).body
    assert isinstance(body, WrittenMessage)
    assert body.text == "聊天记录"
    assert body.quoted_text == "Lina: 行李丢了\nAnna: [image]\nLina: {broken\nLina: 单据"


def test_an_applications_message_without_a_right_time_or_id_is_read() -> None:
    told = "<FromUserName>lina</FromUserName><CreateTime>soon</CreateTime><MsgType>text</MsgType>"
    event = parse(f"<xml>{told}<Content>hi</Content><MsgID>9</MsgID></xml>".encode())
    assert (event.event_id, event.occurred_at_us) == ("lina:9", None)
    assert isinstance(event.body, WrittenMessage)


def test_a_pulled_message_without_an_id_is_named_by_what_it_says() -> None:
    event = pulled_one(msgid=None, msgtype="text", text={"content": "在吗"})
    assert isinstance(event.body, WrittenMessage)
    assert event.event_id == event.body.message_id
    assert event == pulled_one(msgid=None, msgtype="text", text={"content": "在吗"})
    assert event != pulled_one(msgid=None, msgtype="text", text={"content": "在么"})


def test_news_of_an_applications_suite_has_its_own_name_for_the_time() -> None:
    event = parse(b"<xml><InfoType>cancel_auth</InfoType><TimeStamp>1403610513</TimeStamp></xml>")
    assert event.occurred_at_us == 1_403_610_513_000_000
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "cancel_auth"
