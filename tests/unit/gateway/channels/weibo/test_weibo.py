from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.wechat_signing import sign
from services.gateway.channels.weibo import WeiboChannel, WeiboSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    CustomerAction,
    IncomingEvent,
    Location,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = WeiboChannel()
SAMPLES = Path(__file__).parent / "samples"
FAN = "2487654321"
AT_US = 1_772_529_342_000_000
NOW_MS = 1_772_529_342_000
SETTINGS = WeiboSettings(("new-secret", "old-secret"))


def parse(body: bytes) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(body))
    return event


def sample(name: str) -> tuple[IncomingEvent, WrittenMessage]:
    event = parse((SAMPLES / name).read_bytes())
    assert isinstance(event.body, WrittenMessage)
    assert (event.author_id, event.occurred_at_us) == (FAN, AT_US)
    return event, event.body


def told(kind: str, data: object = None, **fields: object) -> IncomingEvent:
    payload = json.loads((SAMPLES / "text.json").read_bytes())
    return parse(json.dumps(payload | {"type": kind, "data": data} | fields).encode())


def test_a_fans_text_is_read() -> None:
    event, body = sample("text.json")
    assert event.thread_id == FAN
    assert body == WrittenMessage(event.event_id, "customer", "", "航班取消了怎么办？")


def test_places_and_files_are_read() -> None:
    _, position = sample("position.json")
    assert position.location == Location(39.982525, 116.308586)
    assert sample("image.json")[1].attachments == (Attachment("image", "821804469"),)
    assert sample("voice.json")[1].attachments == (Attachment("audio", "821804471"),)


def test_a_mention_is_public_and_its_thread_is_the_post() -> None:
    event, body = sample("mention.json")
    assert (event.thread_id, body.message_id) == ("5139000000000001", "5139000000000001")
    assert (body.is_public, body.reply_address, body.text) == (True, FAN, "@北风航空 行李呢？")


def test_wechats_xml_is_read_too() -> None:
    event, body = sample("wechat_text.xml")
    assert (event.thread_id, body.text) == (FAN, "你好")


def test_the_id_is_the_same_on_a_retry_and_differs_with_the_content() -> None:
    first, again = told("image", {"tovfid": 1}), told("image", {"tovfid": 1})
    assert first.event_id == again.event_id
    others = [
        told("image", {"tovfid": 2}),
        told("image", {"tovfid": 1}, text="?"),
        told("image", {"tovfid": 1}, sender_id=7),
        told("image", {"tovfid": 1}, created_at="Tue Mar 03 17:15:43 +0800 2026"),
    ]
    assert len({first.event_id, *(event.event_id for event in others)}) == 5


@pytest.mark.parametrize("subtype", ["follow", "unfollow", "subscribe", "unsubscribe", "scan"])
def test_events_keep_their_name(subtype: str) -> None:
    event = told("event", {"subtype": subtype, "key": "k"})
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.body.type, event.body.reason, event.thread_id) == (subtype, "", FAN)


def test_a_pressed_menu_is_an_action() -> None:
    assert told("event", {"subtype": "click", "key": "k"}).body == CustomerAction(
        "menu.clicked", "k"
    )
    xml = "<FromUserName>1</FromUserName><MsgType>event</MsgType><Event>VIEW</Event>"
    body = f"<xml>{xml}<EventKey>u</EventKey></xml>".encode()
    assert parse(body).body == CustomerAction("page.viewed", "u")


@pytest.mark.parametrize(
    ("created_at", "at_us"),
    [
        ("Mon Jul 16 18:09:20 +0800 2012", 1_342_433_360_000_000),
        ("Sun Mar  1 00:00:00 -0130 2026", 1_772_328_600_000_000),
        ("Thu Feb 29 00:00:00 +0800 2024", 1_709_136_000_000_000),
        ("1709136000", 1_709_136_000_000_000),
        (None, None),
    ],
)
def test_times_are_read_with_their_zone(created_at: str | None, at_us: int | None) -> None:
    assert told("text", created_at=created_at).occurred_at_us == at_us


@pytest.mark.parametrize(
    "created_at",
    ["yesterday", "Mon Foo 16 18:09:20 +0800 2012", "Thu Feb 30 00:00:00 +0800 2024", -5],
)
def test_what_is_no_time_costs_the_time_alone(created_at: object) -> None:
    event = told("text", created_at=created_at)
    assert isinstance(event.body, WrittenMessage)
    assert event.occurred_at_us is None


def test_a_time_that_is_no_text_at_all_is_kept_with_its_reason() -> None:
    body = told("text", created_at=[]).body
    assert isinstance(body, UnrecognisedEvent)
    assert "created_at" in body.reason


def test_unknown_types_are_kept() -> None:
    body = told("hologram", {"a": 1}).body
    assert isinstance(body, UnrecognisedEvent)
    assert (body.type, body.reason) == ("hologram", "")


def signed(body: bytes, secret: str = "new-secret") -> InboundRequest:
    query = {"timestamp": str(NOW_MS), "nonce": "57155157"}
    return InboundRequest(body, query={**query, "signature": sign(secret, str(NOW_MS), "57155157")})


def test_the_published_example_is_echoed_and_no_change_of_it(
    vector: Callable[[str], dict[str, Any]],
) -> None:
    published = vector("weibo-fans-service")
    settings = WeiboSettings((published["secret"]["app_secret"],))
    request = InboundRequest(b"", query=published["request"]["query"], method="GET")
    answer = CHANNEL.handshake(request, settings, 0)
    assert answer is not None
    assert answer.body.decode() == published["request"]["must_respond"]
    for name in ("signature", "nonce", "timestamp"):
        value = request.query[name]
        query = {**request.query, name: value[:-1] + ("1" if value[-1] != "1" else "2")}
        with pytest.raises(RefusedError):
            CHANNEL.handshake(replace(request, query=query), settings, 0)


def test_a_push_is_taken_within_the_window_and_with_its_own_body() -> None:
    channel = WeiboChannel()
    for secret in SETTINGS.secrets:
        channel.verify(signed(b"a", secret), SETTINGS, NOW_MS * 1_000)
    with pytest.raises(RefusedError, match="another body"):
        channel.verify(signed(b"b"), SETTINGS, NOW_MS * 1_000)
    with pytest.raises(RefusedError, match="600 s"):
        channel.verify(signed(b"a"), SETTINGS, (NOW_MS + 600_001) * 1_000)
    with pytest.raises(RefusedError, match="does not match"):
        channel.verify(signed(b"a", "guess"), SETTINGS, NOW_MS * 1_000)


@given(data=st.data())
def test_a_changed_push_never_fails_otherwise(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["text", "position", "image", "voice", "mention"]))
    payload = json.loads((SAMPLES / f"{name}.json").read_bytes())
    try:
        CHANNEL.parse(InboundRequest(json.dumps(data.draw(changed(payload))).encode()))
    except InvalidRequestError:
        return


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_are_parsed_told_or_refused(body: bytes, text: str) -> None:
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))
    query = {"timestamp": str(NOW_MS), "nonce": text, "signature": text}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, query=query), SETTINGS, NOW_MS * 1_000)
