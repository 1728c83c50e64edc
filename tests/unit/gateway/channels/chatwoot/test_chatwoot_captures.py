"""Chatwoot's messages as its API, its sockets and its older versions tell them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.gateway.channels.chatwoot import ChatwootChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    IncomingEvent,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = ChatwootChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
BARE: dict[str, Any] = {
    "id": 41, "content": "Where is it?", "conversation_id": 12, "message_type": 0,
    "created_at": 1_769_846_400, "private": False, "content_attributes": {},
    "sender": {"id": 7, "name": "Mira", "type": "contact"},
}  # fmt: skip


def sample() -> dict[str, Any]:
    return dict(json.loads((SAMPLES / "message_created.json").read_text(encoding="utf-8")))


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def written(value: object) -> tuple[IncomingEvent, WrittenMessage]:
    [event] = parse(value)
    assert isinstance(event.body, WrittenMessage)
    return event, event.body


def test_a_webhook_is_found_in_what_tools_put_around_it() -> None:
    bare = sample()
    del bare["event"]
    for value in (
        {"headers": {"host": "x.example"}, "body": sample()},
        [{"json": {}, "body": sample()}],
        {"body": json.dumps(sample())},
        {"event": "message_created", "data": bare},
        bare,
    ):
        assert written(value) == written(sample())


@pytest.mark.parametrize(
    "value",
    [
        BARE,
        {"meta": {}, "payload": [BARE]},
        {"event": "message.created", "data": BARE},
        {"identifier": "{}", "message": {"event": "message.created", "data": BARE}},
    ],
)
def test_the_apis_and_the_sockets_messages_are_read(value: object) -> None:
    event, body = written(value)
    assert (event.thread_id, event.author_id, event.occurred_at_us) == ("12", "7", AT_US)
    assert (body.author_kind, body.author_name, body.text) == ("customer", "Mira", "Where is it?")


def test_a_sockets_update_is_an_edit() -> None:
    _, body = written({"event": "message.updated", "data": BARE})
    assert body.edited


def test_the_apis_conversations_come_with_their_messages() -> None:
    bare = {name: value for name, value in BARE.items() if name != "conversation_id"}
    conversation = {"id": 12, "status": "open", "meta": {"sender": {"id": 7}}, "messages": [bare]}
    message, status = parse({"data": {"meta": {}, "payload": [conversation]}})
    assert message.thread_id == status.thread_id == "12"
    assert status.body == StatusChange("open")


def test_the_contact_wrote_what_came_in_whoever_is_called_the_sender() -> None:
    event, body = written(
        sample() | {"sender": {"id": 9, "name": "Anna"}, "contact": {"id": 7, "name": "Mira"}}
    )
    assert (event.author_id, body.author_name) == ("7", "Mira")


def test_an_outgoing_message_without_a_sender_is_not_the_contacts() -> None:
    event, body = written(sample() | {"message_type": "outgoing", "sender": None})
    assert (event.author_id, body.author_name, body.author_kind) == ("", "", "agent")
    event, body = written(BARE | {"message_type": 1, "sender": None, "sender_id": 3,
                                  "sender_type": "AgentBot"})  # fmt: skip
    assert (event.author_id, body.author_kind) == ("3", "bot")


def test_an_incoming_message_without_a_sender_is_the_conversations_contacts() -> None:
    event, body = written(sample() | {"sender": None})
    assert (event.author_id, body.author_name) == ("7", "Mira")


def test_a_message_beside_its_conversation_is_read() -> None:
    event, body = written(
        {
            "event": "message_created",
            "message": {"id": "m-1", "content": "Hello", "message_type": "incoming"},
            "conversation": {"id": "c-1"},
            "contact": {"id": "p-1"},
        }
    )
    assert (event.thread_id, event.author_id, body.text) == ("c-1", "p-1", "Hello")


def test_a_rules_message_without_ids_is_named_by_what_it_says() -> None:
    person = {"name": "Mira", "phone_number": "+36700000001"}
    message = {"content": "Hello", "message_type": 0, "sender": person}
    rule = {"event": "automation_event.message_created", "id": 5, "messages": [message]}
    event, _ = written(rule)
    assert (event.thread_id, event.author_id) == ("5", "+36700000001")
    assert written(rule)[0].event_id == event.event_id


def test_who_sent_it_tells_the_direction_where_nothing_else_does() -> None:
    told = {"event": "message_created", "content": "Hi", "conversation": {"id": 1}}
    _, body = written(told | {"sender": {"id": 7, "type": "contact"}})
    assert body.author_kind == "customer"
    _, body = written(told | {"sender": {"id": 3, "type": "user"}})
    assert body.author_kind == "agent"


@pytest.mark.parametrize("value", [{}, {"data": {"payload": 3}}, {"event": "message_created"}])
def test_what_holds_none_of_these_is_kept(value: object) -> None:
    [event] = parse(value)
    assert isinstance(event.body, UnrecognisedEvent)


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b"[" * 99_999])
def test_what_is_no_object_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))
