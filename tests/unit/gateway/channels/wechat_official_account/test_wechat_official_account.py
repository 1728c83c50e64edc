from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.wechat_official_account import (
    WechatOfficialAccountChannel,
    WechatSettings,
)
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    CustomerAction,
    Identifier,
    IncomingEvent,
    Location,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = WechatOfficialAccountChannel()
SAMPLES = Path(__file__).parent / "samples"
CUSTOMER = "oQ7-kLinaZhou0001"
AT_US = 1_772_529_342_000_000


def parse(body: bytes) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(body))
    return event


def sample(name: str) -> IncomingEvent:
    return parse((SAMPLES / name).read_bytes())


def told(**fields: Any) -> IncomingEvent:
    payload = {"ToUserName": "gh_1", "FromUserName": "o1", "CreateTime": 1_772_529_342, **fields}
    event = parse(json.dumps(payload).encode())
    xml = "".join(f"<{name}>{value}</{name}>" for name, value in payload.items())
    from_xml = parse(f"<xml>{xml}</xml>".encode())
    assert (from_xml.event_id, from_xml.thread_id) == (event.event_id, event.thread_id)
    if not isinstance(event.body, UnrecognisedEvent):
        assert from_xml.body == event.body
    return event


def written(**fields: Any) -> WrittenMessage:
    body = told(MsgId=7, **fields).body
    assert isinstance(body, WrittenMessage)
    return body


def test_a_text_keeps_its_characters_and_its_lines() -> None:
    assert sample("text.xml") == IncomingEvent(
        event_id=f"{CUSTOMER}:24561200337791",
        channel="wechat_official_account",
        thread_id=CUSTOMER,
        body=WrittenMessage(
            message_id="24561200337791",
            author_kind="customer",
            author_name="",
            text="我的行李 <还> 没到 & 已经三天了\n航班 NW 208",
            payload="baggage",
        ),
        occurred_at_us=AT_US,
        author_id=CUSTOMER,
    )


def test_a_voice_message_says_what_wechat_heard() -> None:
    body = sample("voice.json").body
    assert isinstance(body, WrittenMessage)
    assert body.text == "请帮我改签"
    assert body.attachments == (Attachment("audio", "media-voice-01", media_type="audio/amr"),)


def test_a_location_is_north_then_east() -> None:
    body = sample("location.xml").body
    assert isinstance(body, WrittenMessage)
    assert body.location == Location(31.230391, 121.473702, "上海市黄浦区人民大道")


@pytest.mark.parametrize(
    ("fields", "attachment"),
    [
        (
            {"MsgType": "image", "PicUrl": "http://mmbiz/1", "MediaId": "m1"},
            Attachment("image", "m1", "http://mmbiz/1"),
        ),
        (
            {"MsgType": "video", "MediaId": "m2", "ThumbMediaId": "t"},
            Attachment("video", "m2"),
        ),
        (
            {"MsgType": "shortvideo", "MediaId": "m3", "ThumbMediaId": "t"},
            Attachment("video", "m3"),
        ),
        (
            {"MsgType": "link", "Title": "退款", "Description": "d", "Url": "https://n.cn/r"},
            Attachment("link", url="https://n.cn/r", name="退款"),
        ),
        (
            {"MsgType": "miniprogrampage", "Title": "订单", "PagePath": "p/o", "ThumbMediaId": "t"},
            Attachment("link", "t", "p/o", name="订单"),
        ),
        (
            {"MsgType": "file", "Title": "a.pdf", "FileKey": "k", "FileTotalLen": 12},
            Attachment("file", "k", name="a.pdf", size_bytes=12),
        ),
    ],
)
def test_each_kind_of_content_is_attached(fields: dict[str, Any], attachment: Attachment) -> None:
    body = written(**fields)
    assert body.attachments == (attachment,)
    assert body.text == ""


def test_the_same_message_id_of_two_customers_is_two_messages() -> None:
    first = told(MsgType="text", Content="a", MsgId=7)
    payload = {"FromUserName": "o2", "MsgType": "text", "Content": "a", "MsgId": 7}
    assert parse(json.dumps(payload).encode()).event_id != first.event_id


def test_a_pressed_menu_and_an_opened_page_are_actions() -> None:
    pressed = told(MsgType="event", Event="CLICK", EventKey="orders", UnionId="u-9")
    assert pressed.body == CustomerAction(
        "menu.clicked", "orders", identifiers=(Identifier("unionid", "u-9"),)
    )
    opened = told(MsgType="event", Event="VIEW", EventKey="https://n.cn/orders")
    assert opened.body == CustomerAction("page.viewed", "https://n.cn/orders")
    assert pressed.event_id == "o1:1772529342:event:CLICK:orders"


def test_a_templates_fate_is_a_receipt() -> None:
    assert sample("template_failed.xml").body == Receipt(
        "failed", ("200163836",), code="user block", reason="failed:user block"
    )
    done = told(MsgType="event", Event="TEMPLATESENDJOBFINISH", MsgID=5, Status="success")
    assert done.body == Receipt("delivered", ("5",))


@pytest.mark.parametrize(
    "event",
    ["subscribe", "unsubscribe", "SCAN", "MASSSENDJOBFINISH", "user_enter_tempsession", "new_one"],
)
def test_other_events_keep_their_name_and_their_customer(event: str) -> None:
    read = told(MsgType="event", Event=event)
    assert isinstance(read.body, UnrecognisedEvent)
    assert (read.body.type, read.body.reason, read.thread_id) == (event, "", "o1")


def test_events_with_parts_are_kept_whole() -> None:
    body = sample("menu_with_pictures.xml").body
    raw = (SAMPLES / "menu_with_pictures.xml").read_bytes()
    assert body == UnrecognisedEvent("pic_weixin", raw)


def test_unknown_types_and_unreadable_fields_are_kept() -> None:
    raw = b'{"FromUserName": "o1", "MsgType": "hologram", "MsgId": 1}'
    assert parse(raw).body == UnrecognisedEvent("hologram", raw)
    raw = b'{"FromUserName": "o1", "MsgType": "location", "Location_X": "north", "MsgId": 1}'
    read = parse(raw)
    assert read.body == UnrecognisedEvent("location", raw, "Location_X is not a number")
    assert (read.thread_id, read.author_id) == ("o1", "o1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"<xml/>",
        b"[]",
        b"7",
        b'{"Encrypt": "AA=="}',
        b'<!DOCTYPE x [<!ENTITY y "z">]><xml><MsgType>&y;</MsgType></xml>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><MsgType>text</MsgType></xml>',
        b"<a>" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"<xml>" + b"<a/>" * 10_000 + b"</xml>",
        b"<xml><MsgType>text</MsgType>" + b" " * 1_100_000 + b"</xml>",
        b'<?xml version="1.0" encoding="gbk"?><xml><MsgType>text</MsgType></xml>',
    ],
)
def test_what_is_no_message_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_told(body: bytes) -> None:
    for prefix in (b"", b"<xml><MsgType>text</MsgType>", b'{"MsgType":'):
        try:
            CHANNEL.parse(InboundRequest(prefix + body))
        except InvalidRequestError:
            continue


@given(st.sampled_from(sorted(SAMPLES.iterdir())), st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_never_fails_otherwise(path: Path, at: int, flip: int) -> None:
    body = bytearray(path.read_bytes())
    body[at % len(body)] ^= flip
    try:
        CHANNEL.parse(InboundRequest(bytes(body)))
    except InvalidRequestError:
        return


@given(data=st.data())
def test_a_changed_message_never_fails_otherwise(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["location", "text", "event", "file", "voice"]))
    payload = {
        "FromUserName": "o1",
        "CreateTime": 1,
        "MsgType": name,
        "Event": "TEMPLATESENDJOBFINISH",
        "EventKey": {"a": ["b"]},
        "MsgID": 4,
        "Status": "failed:x",
        "Location_X": 1.5,
        "Location_Y": 2,
        "FileTotalLen": 3,
        "MsgId": 9,
    }
    document = data.draw(changed(payload))
    try:
        CHANNEL.parse(InboundRequest(json.dumps(document).encode()))
    except InvalidRequestError:
        return


def test_settings_that_cannot_decrypt_are_told_at_the_start() -> None:
    settings = WechatSettings(("t",), app_id="wx1", encoding_aes_key="A" * 43)
    CHANNEL.check(settings)
    CHANNEL.check(WechatSettings(("t",)))
    for wrong in (replace(settings, encoding_aes_key="short"), replace(settings, app_id="")):
        with pytest.raises(ValueError):
            CHANNEL.check(wrong)


def test_a_message_whose_time_is_none_is_read_without_it() -> None:
    event = told(MsgType="text", Content="hi", MsgId=7, CreateTime="soon")
    assert event.occurred_at_us is None
    assert isinstance(event.body, WrittenMessage)


def test_an_id_written_as_in_events_is_an_id() -> None:
    assert told(MsgType="text", Content="hi", MsgID=8).event_id == "o1:8"


def test_a_time_in_milliseconds_is_not_taken_for_seconds() -> None:
    event = told(MsgType="text", Content="hi", MsgId=7, CreateTime=1_772_529_342_438)
    assert event.occurred_at_us == AT_US + 438_000
