from __future__ import annotations

import contextlib
import json

import pytest

from services.gateway.channels.messenger import MessengerChannel
from services.gateway.channels.wechat_official_account import WechatOfficialAccountChannel
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import UnrecognisedEvent, WrittenMessage
from services.gateway.normal_form import parse_file

XML = (
    "<xml><FromUserName>oLina</FromUserName><CreateTime>1772529342</CreateTime>"
    "<MsgType>text</MsgType><Content>{}</Content><MsgId>{}</MsgId></xml>"
)
FIRST, SECOND = XML.format("Hallo", 1), XML.format("Noch da?", 2)
EVENT = {"sender": {"id": "7001"}, "recipient": {"id": "300"}, "message": {"mid": "m_1"}}


def ids(document: object) -> list[str]:
    body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
    events = parse_file(WechatOfficialAccountChannel(), InboundRequest(body))
    return [event.event_id for event in events]


@pytest.mark.parametrize(
    "document",
    [
        [FIRST, SECOND],
        {"greeting": FIRST, "reminder": SECOND},
        [{"headers": {"host": "bot.example"}, "body": FIRST}, {"body": SECOND}],
        {"name": "two of them", "payload": [FIRST, SECOND]},
        [json.dumps({"body": [FIRST]}), {"rawBody": SECOND}],
    ],
)
def test_payloads_are_found_in_what_they_were_recorded_in(document: object) -> None:
    assert ids(document) == ["oLina:1", "oLina:2"]


def test_one_payload_may_be_a_text_within_json() -> None:
    assert ids(json.dumps(FIRST)) == ["oLina:1"]


def test_json_is_looked_into_also_where_a_payload_is_an_object() -> None:
    named = {"one": EVENT, "two": {"object": "page", "entry": [{"messaging": [EVENT]}]}}
    events = parse_file(MessengerChannel(), InboundRequest(json.dumps(named).encode()))
    assert [event.event_id for event in events] == ["m_1", "m_1"]


@pytest.mark.parametrize(
    "document",
    ["", "7", "[7]", "{}", '{"a": 1}', '"{"', '{"body": "hello"}', "[[[[[[]]]]]]x", "<xml/>"],
)
def test_what_holds_no_payload_is_refused(document: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_file(WechatOfficialAccountChannel(), InboundRequest(document.encode()))


def test_wrapping_has_an_end() -> None:
    document: object = FIRST
    for _ in range(10):
        document = {"body": json.dumps(document)}
    with pytest.raises(InvalidRequestError):
        ids(document)


def test_remarks_and_trailing_commas_of_documentation_are_left_out() -> None:
    body = b"""{
        "FromUserName": "oLina", // who wrote: "her"
        "MsgType": "text", /* or "image" */
        "Content": "see https://shop.example/a, b // c",
        "MsgId": 7, // unique
    }"""
    [event] = parse_file(WechatOfficialAccountChannel(), InboundRequest(body))
    assert isinstance(event.body, WrittenMessage)
    assert (event.event_id, event.body.text) == ("oLina:7", "see https://shop.example/a, b // c")


@pytest.mark.parametrize(
    "body", [b"/* " * 50_000, b'"\\' * 50_000, b", " * 50_000, b"{//" * 50_000]
)
def test_what_only_looks_like_remarks_is_refused_at_once(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse_file(WechatOfficialAccountChannel(), InboundRequest(body))


@pytest.mark.parametrize("depth", [400, 900, 970, 1_500, 100_000])
@pytest.mark.parametrize("channel", [MessengerChannel(), WechatOfficialAccountChannel()])
def test_deep_nesting_is_refused_or_read(channel: Channel, depth: int) -> None:
    deep = b"[" * depth + b"1" + b"]" * depth
    named = b'{"a": ' + deep + b"}"
    event = b'{"sender": {"id": "1"}, "message": {"mid": "m", "text": "x", "odd": ' + deep + b"}}"
    for body in (deep, named, event):
        with contextlib.suppress(InvalidRequestError):
            parse_file(channel, InboundRequest(body))


def test_a_list_that_a_channel_takes_in_its_own_way_is_looked_into_too() -> None:
    cases = [{"label": "one", "status": 200, "data": EVENT}, {"label": "two", "data": EVENT}]
    events = parse_file(MessengerChannel(), InboundRequest(json.dumps(cases).encode()))
    assert [event.event_id for event in events] == ["m_1", "m_1"]


def test_what_is_not_understood_however_it_is_read_is_told_as_it_came() -> None:
    body = json.dumps([{"label": "one", "data": {"odd": 1}}, {"label": "two"}]).encode()
    events = parse_file(MessengerChannel(), InboundRequest(body))
    assert [type(event.body) for event in events] == [UnrecognisedEvent] * 2


def test_one_refused_payload_takes_no_other_with_it() -> None:
    body = json.dumps([{"label": "handshake"}, {"label": "message", "data": FIRST}]).encode()
    [refused, read] = parse_file(WechatOfficialAccountChannel(), InboundRequest(body))
    assert isinstance(refused.body, UnrecognisedEvent)
    assert refused.body.reason == "MsgType is missing"
    assert read.event_id == "oLina:1"
