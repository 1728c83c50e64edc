from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.first_party import FirstPartyChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Identifier,
    IncomingEvent,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = FirstPartyChannel()
SIGNED_AT = 1_767_225_600
AT_US = 1_767_168_000_000_000  # 2025-12-31T08:00:00Z


def message_data(**changed: Any) -> dict[str, Any]:
    return {
        "thread_id": "t-1",
        "message_id": "m-1",
        "author": {"id": "c-1"},
        "text": "where is my bag",
        "sent_at": "2025-12-31T08:00:00Z",
    } | changed


def parse_bytes(body: bytes) -> list[IncomingEvent]:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(SIGNED_AT)}
    return CHANNEL.parse(InboundRequest(body, headers))


def parse(event_type: object, data: object, **envelope: object) -> IncomingEvent:
    body = json.dumps({"type": event_type, "data": data, **envelope})
    [event] = parse_bytes(body.encode())
    return event


def test_a_customers_message_is_read() -> None:
    data = message_data(
        channel="chat",
        brand="acme",
        author={
            "id": "c-1",
            "name": "Li 李",
            "identifiers": [{"kind": "phone", "value": "+8613800000000"}],
            "unknown": 1,
        },
        reply_to="m-0",
        language="zh-CN",
        unknown={"is": "ignored"},
    )
    assert parse("message.received", data) == IncomingEvent(
        event_id="msg_1",
        channel="chat",
        thread_id="t-1",
        body=WrittenMessage(
            message_id="m-1",
            author_kind="customer",
            author_name="Li 李",
            text="where is my bag",
            reply_to_message_id="m-0",
            language_hint="zh-CN",
            identifiers=(Identifier("phone", "+8613800000000"),),
        ),
        occurred_at_us=AT_US,
        author_id="c-1",
        brand_id="acme",
    )


@pytest.mark.parametrize(("kind", "read"), [(None, "agent"), ("agent", "agent"), ("bot", "bot")])
def test_a_sent_message_is_an_agents_or_a_bots(kind: str | None, read: str) -> None:
    event = parse("message.sent", message_data(author={"id": "a-1", "kind": kind}))
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_kind == read


def test_a_status_change_has_no_author() -> None:
    data = {"thread_id": "t-1", "status": "on_hold", "assignee": "a-1", "priority": "high"}
    event = parse("status.changed", data, timestamp="2025-12-31T16:00:00+08:00")
    assert event.body == StatusChange("on_hold", "a-1", "high")
    assert (event.author_id, event.occurred_at_us, event.channel) == ("", AT_US, "webhook")


def test_the_time_is_what_the_sender_says_most_exactly() -> None:
    data = message_data()
    assert parse("message.received", data, timestamp="2026-01-01T00:00:00Z").occurred_at_us == AT_US
    del data["sent_at"]
    at = parse("message.received", data, timestamp="2025-12-31T08:00:00.000001Z").occurred_at_us
    assert at == AT_US + 1
    assert parse("message.received", data).occurred_at_us == SIGNED_AT * 1_000_000


@pytest.mark.parametrize("timestamp", ["2025-12-31T08:00:00Z", "soon", 5, None])
def test_an_unknown_type_is_kept_as_it_came(timestamp: object) -> None:
    body = json.dumps({"type": "parcel.weighed", "timestamp": timestamp, "data": [1]}).encode()
    [event] = parse_bytes(body)
    assert event.body == UnrecognisedEvent("parcel.weighed", body)
    expected = AT_US if timestamp == "2025-12-31T08:00:00Z" else SIGNED_AT * 1_000_000
    assert event.occurred_at_us == expected


@pytest.mark.parametrize(
    ("changed", "place", "problem"),
    [
        ({"thread_id": None}, "data.thread_id", "is missing"),
        ({"thread_id": ""}, "data.thread_id", "is empty"),
        ({"thread_id": 5}, "data.thread_id", "is a number; a text is expected"),
        ({"message_id": "m" * 513}, "data.message_id", "has 513 characters"),
        ({"author": "c-1"}, "data.author", "is a text; an object is expected"),
        ({"author": {}}, "data.author.id", "is missing"),
        ({"author": {"id": "c", "kind": "agent"}}, "data.author.kind", "expected is customer"),
        (
            {"author": {"id": "c", "identifiers": [{"kind": "phone"}]}},
            "data.author.identifiers[0].value",
            "is missing",
        ),
        (
            {"author": {"id": "c", "identifiers": ["phone"]}},
            "data.author.identifiers[0]",
            "is a text; an object is expected",
        ),
        ({"author": {"id": "c", "identifiers": {}}}, "data.author.identifiers", "is an object"),
        ({"author": {"id": "c", "identifiers": [{}] * 51}}, "data.author.identifiers", "at most"),
        ({"text": ["a"]}, "data.text", "is a list; a text is expected"),
        ({"text": "\ud800"}, "data.text", "surrogate"),
        ({"sent_at": "yesterday"}, "data.sent_at", "is not a time"),
        ({"sent_at": "2025-12-31T08:00:00"}, "data.sent_at", "has no time zone"),
        ({"sent_at": "1969-12-31T08:00:00Z"}, "data.sent_at", "lies before 1970"),
        ({"sent_at": 1_767_168_000}, "data.sent_at", "a text is expected"),
        ({"channel": "a/b"}, "data.channel", "is not the name of a channel"),
        ({"brand": True}, "data.brand", "is true or false; a text is expected"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, Any], place: str, problem: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse("message.received", message_data(**changed))
    assert caught.value.place == place
    assert problem in caught.value.problem


def test_a_wrong_status_is_named_with_what_may_stand_there() -> None:
    with pytest.raises(InvalidRequestError, match=r"data\.status is 'done'; .*solved"):
        parse("status.changed", {"thread_id": "t", "status": "done"})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "body"),
        (b"hello", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 500_000, "body"),
        (b'{"type": NaN}', "body"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "body"),
        (b"{}", "type"),
        (b'{"type": 1}', "type"),
        (b'{"type": ""}', "type"),
        (b'{"type": "message.received"}', "data"),
        (b'{"type": "message.received", "data": []}', "data"),
        (b'{"type": "message.received", "data": null}', "data"),
    ],
)
def test_garbage_is_turned_down_with_its_place(body: bytes, place: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_bytes(body)
    assert caught.value.place == place


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = st.sampled_from(
    ["thread_id", "message_id", "author", "text", "sent_at", "status", "channel", "brand", "id"]
)


@given(
    st.sampled_from(["message.received", "message.sent", "status.changed", "other"]),
    st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON)),
)
def test_whatever_is_sent_is_read_or_turned_down(event_type: str, data: object) -> None:
    try:
        parse(event_type, data)
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
