from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.douyin import DouyinChannel, DouyinSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    Identifier,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = DouyinChannel()
SAMPLES = Path(__file__).parent / "samples"
FAN, BRAND = "_000LinaZhou", "_000NordwindAir"
THREAD = f"{FAN}:{BRAND}"
HEADER = "x-douyin-signature"
SETTINGS = DouyinSettings(("new", "old"))


def parse(body: bytes, **headers: str) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(body, headers))
    return event


def told(event: str, content: object, **fields: object) -> IncomingEvent:
    payload = {"event": event, "from_user_id": FAN, "to_user_id": BRAND, "content": content}
    as_object = parse(json.dumps(payload | fields).encode())
    if isinstance(content, dict):
        as_text = parse(json.dumps(payload | fields | {"content": json.dumps(content)}).encode())
        if not isinstance(as_object.body, UnrecognisedEvent):
            assert as_text == as_object
    return as_object


def message(kind: str, **content: object) -> IncomingBody:
    named = {"server_message_id": "@m", "conversation_short_id": "@c", "message_type": kind}
    return told("im_receive_msg", named | content).body


def test_a_private_message_is_read() -> None:
    assert parse((SAMPLES / "text.json").read_bytes()) == IncomingEvent(
        event_id="im_receive_msg:@msg+01==",
        channel="douyin",
        thread_id=THREAD,
        body=WrittenMessage(
            message_id="@msg+01==",
            author_kind="customer",
            author_name="周丽娜",
            text="行李箱轮子坏了",
            reply_address=f"{BRAND} {FAN} @conv+01==",
        ),
        occurred_at_us=1_772_529_342_123_000,
        author_id=FAN,
    )


def test_the_accounts_own_message_is_an_agents_in_the_same_thread() -> None:
    content = {"server_message_id": "@m", "conversation_short_id": "@c", "message_type": "text"}
    event = told("im_send_msg", content | {"text": "您好"}, from_user_id=BRAND, to_user_id=FAN)
    assert event.thread_id == THREAD
    assert event.body == WrittenMessage(
        "@m", "agent", "", "您好", reply_address=f"{BRAND} {FAN} @c"
    )


def test_a_filled_in_form_within_a_text_is_read() -> None:
    body = parse((SAMPLES / "card_as_text.json").read_bytes()).body
    assert isinstance(body, WrittenMessage)
    assert body.text == "姓名: 周丽娜\n手机号: 13900001111"
    assert body.identifiers == (Identifier("phone", "+8613900001111"),)


def test_a_comment_is_public_and_its_thread_is_the_video() -> None:
    event = parse((SAMPLES / "comment.json").read_bytes())
    assert (event.thread_id, event.occurred_at_us) == ("@video", 1_772_529_342_000_000)
    assert event.body == WrittenMessage(
        "@c2",
        "customer",
        "周丽娜",
        "客服在哪？",
        reply_to_message_id="@c1",
        is_public=True,
        reply_address=BRAND,
    )


@pytest.mark.parametrize(
    ("kind", "content", "attachment"),
    [
        ("image", {"resource_url": "https://p/1"}, Attachment("image", url="https://p/1")),
        (
            "emoji",
            {"resource_type": "gif", "resource_url": "https://p/2"},
            Attachment("sticker", url="https://p/2", media_type="image/gif"),
        ),
        ("video", {"item_id": "@i"}, Attachment("video", "@i")),
        ("user_local_image", {}, Attachment("image", "@m")),
        ("user_local_video", {}, Attachment("video", "@m")),
        (
            "link",
            {"title": "官网", "link_url": "https://n.cn"},
            Attachment("link", url="https://n.cn", name="官网"),
        ),
    ],
)
def test_each_kind_of_content_is_attached(
    kind: str, content: dict[str, object], attachment: Attachment
) -> None:
    body = message(kind, **content)
    assert isinstance(body, WrittenMessage)
    assert body.attachments == (attachment,)


def test_a_group_is_a_thread_of_its_own() -> None:
    content = {"message_type": "text", "text": "a", "server_message_id": "@m"}
    event = told("im_group_receive_msg", content | {"conversation_short_id": "@g"})
    assert (event.thread_id, event.author_id) == ("@g", FAN)


def test_a_recall_names_its_message_whoever_recalls() -> None:
    for parties in ((FAN, BRAND), (BRAND, FAN)):
        event = told(
            "im_recall_msg",
            {"server_message_id": "@m"},
            from_user_id=parties[0],
            to_user_id=parties[1],
        )
        assert (event.body, event.thread_id) == (MessageDeletion("@m"), THREAD)


def test_the_customers_reading_is_a_receipt_and_the_accounts_is_not() -> None:
    content = {"conversation_short_id": "@c", "index": "1672502407220000", "conversation_type": 1}
    read = told("im_message_read", content | {"read_open_id": FAN})
    assert read.body == Receipt("read", until_at_us=1_672_502_407_220_000)
    own = told("im_message_read", content | {"read_open_id": BRAND})
    assert isinstance(own.body, UnrecognisedEvent)


@pytest.mark.parametrize(
    "event", ["im_enter_direct_msg", "new_follow_action", "authorize", "group_fans_event", "other"]
)
def test_other_events_keep_their_name(event: str) -> None:
    read = told(event, {"create_time": 1_772_529_342_123})
    assert isinstance(read.body, UnrecognisedEvent)
    assert (read.body.type, read.body.reason, read.thread_id) == (event, "", THREAD)


def test_an_unknown_message_and_an_unreadable_one_are_kept() -> None:
    body = message("other")
    assert isinstance(body, UnrecognisedEvent)
    assert (body.type, body.reason) == ("im_receive_msg.other", "")
    odd: list[object] = ["{", 7, [], '"a"', {"message_type": [], "create_time": "soon"}]
    for content in odd:
        kept = told("im_receive_msg", content)
        assert isinstance(kept.body, UnrecognisedEvent)
        assert kept.body.reason


def test_an_event_without_an_id_is_named_by_its_delivery() -> None:
    body = b'{"event": "authorize", "from_user_id": "u", "client_key": "k"}'
    assert parse(body, **{"msg-id": "d1"}).event_id == "authorize:d1"
    assert parse(body).event_id == parse(body).event_id


def signed(body: bytes, secret: str = "new") -> InboundRequest:
    return InboundRequest(body, {HEADER: sha1(secret.encode() + body).hexdigest()})


def test_the_published_challenge_is_answered_and_no_change_of_it(
    vector: Callable[[str], dict[str, Any]],
) -> None:
    published = vector("douyin-verify-webhook")["request"]
    body = published["raw_body"].encode()
    request = InboundRequest(body, {HEADER: published["headers"]["X-Douyin-Signature"]})
    settings = DouyinSettings(("test-client-secret",))
    answer = CHANNEL.handshake(request, settings, 0)
    assert answer is not None
    assert json.loads(answer.body) == published["must_respond_json"]
    for changed in (
        replace(request, body=body.replace(b"45", b"46")),
        replace(request, headers={}),
    ):
        with pytest.raises(RefusedError):
            CHANNEL.handshake(changed, settings, 0)


def test_a_challenge_within_a_text_is_answered_as_it_is() -> None:
    content = json.dumps({"challenge": "abc"})
    body = json.dumps({"event": "verify_webhook", "content": content}).encode()
    answer = CHANNEL.handshake(signed(body), SETTINGS, 0)
    assert answer is not None
    assert json.loads(answer.body) == {"challenge": "abc"}
    odd: list[object] = [None, [], {}, {"challenge": True}, "x"]
    for one in odd:
        body = json.dumps({"event": "verify_webhook", "content": one}).encode()
        with pytest.raises(RefusedError, match="challenge"):
            CHANNEL.handshake(signed(body), SETTINGS, 0)


def test_a_message_that_names_the_handshake_is_none() -> None:
    body = b'{"event": "im_receive_msg", "content": {"text": "verify_webhook"}}'
    assert CHANNEL.handshake(signed(body), SETTINGS, 0) is None
    assert CHANNEL.handshake(InboundRequest(b"verify_webhook"), SETTINGS, 0) is None


@pytest.mark.parametrize("secret", ["new", "old"])
def test_each_secret_of_a_rotation_is_taken_and_no_changed_byte(secret: str) -> None:
    request = signed(b'{"event": "a"}', secret)
    assert CHANNEL.verify(request, SETTINGS, 0) is request
    with pytest.raises(RefusedError):
        CHANNEL.verify(replace(request, body=b'{"event": "b"}'), SETTINGS, 0)


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_are_parsed_told_or_refused(body: bytes, text: str) -> None:
    request = InboundRequest(body, {HEADER: text, "msg-id": text})
    with contextlib.suppress(InvalidRequestError):
        CHANNEL.parse(request)
    with pytest.raises(RefusedError):
        CHANNEL.verify(request, SETTINGS, 0)


@given(data=st.data())
def test_a_changed_event_never_fails_otherwise(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["text", "card_as_text", "comment"]))
    payload = json.loads((SAMPLES / f"{name}.json").read_bytes())
    try:
        CHANNEL.parse(InboundRequest(json.dumps(data.draw(changed(payload))).encode()))
    except InvalidRequestError:
        return


def test_a_message_that_names_neither_type_nor_a_right_time_is_read() -> None:
    event = told("im_receive_msg", {"server_message_id": "@m", "text": "在吗", "create_time": "?"})
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.text, event.occurred_at_us) == ("在吗", None)


def test_a_private_message_is_private_whatever_type_its_conversation_has() -> None:
    content = {"server_message_id": "@m", "conversation_short_id": "@c", "conversation_type": 2}
    event = told("im_receive_msg", {**content, "message_type": "text", "text": "你们产品多少钱"})
    assert event.thread_id == THREAD


def test_what_douyin_shows_in_its_own_application_alone_is_told_in_its_words() -> None:
    body = message("other", text="请打开抖音查看")
    assert isinstance(body, WrittenMessage)
    assert (body.text, body.attachments) == ("请打开抖音查看", ())
