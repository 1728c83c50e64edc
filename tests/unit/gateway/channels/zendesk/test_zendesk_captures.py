"""Zendesk's comments as its API, its partners and its Conversations tell them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.gateway.channels.zendesk import ZendeskChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    Identifier,
    IncomingEvent,
    Location,
    Receipt,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = ZendeskChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
COMMENT: dict[str, Any] = {
    "id": 777, "type": "Comment", "author_id": 501, "body": "Is there any news?", "public": True,
    "created_at": "2026-01-31T08:00:00Z", "attachments": [],
}  # fmt: skip


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def written(value: object) -> tuple[IncomingEvent, WrittenMessage]:
    event = parse(value)[0]
    assert isinstance(event.body, WrittenMessage)
    return event, event.body


def test_an_event_is_found_in_what_tools_put_around_it() -> None:
    bare = json.loads((SAMPLES / "comment_added.json").read_text(encoding="utf-8"))
    for value in ([bare], {"headers": {}, "body": bare}, {"payload": {"body": json.dumps(bare)}}):
        assert parse(value) == parse(bare)


def test_the_apis_comments_are_messages() -> None:
    for value in (
        COMMENT | {"ticket_id": 141},
        {"comments": [COMMENT | {"ticket_id": 141}], "count": 1},
        {"audit": {"id": 9, "ticket_id": 141, "events": [{"type": "Change"}, COMMENT]}},
    ):
        event, body = written(value)
        assert (event.thread_id, event.author_id, event.occurred_at_us) == ("141", "501", AT_US)
        assert (body.message_id, body.text) == ("777", "Is there any news?")
    assert written(COMMENT)[0].thread_id == "comment:777"


def test_the_apis_private_comment_is_nobodys_message() -> None:
    [event] = parse(COMMENT | {"ticket_id": 141, "public": False})
    assert isinstance(event.body, UnrecognisedEvent)


def test_the_apis_ticket_begins_with_its_description() -> None:
    ticket = {
        "id": 141, "subject": "Lost bag", "description": "I lost it", "status": "open",
        "requester_id": 501, "created_at": "2026-01-31T08:00:00Z",
        "updated_at": "2026-02-01T08:00:00Z",
    }  # fmt: skip
    for value in ({"ticket": ticket}, {"tickets": [ticket]}, ticket):
        message, status = parse(value)
        assert isinstance(message.body, WrittenMessage)
        assert (message.occurred_at_us, message.author_id) == (AT_US, "501")
        assert message.body.message_id == "141:description"
        assert status.body == StatusChange("open")


def test_a_comment_without_an_id_goes_by_the_events() -> None:
    detail, author = {"id": "141"}, {"is_staff": True}
    told = {"type": "zen:event-type:ticket.comment_added", "id": "ev-1", "detail": detail}
    event, body = written(told | {"event": {"comment": {"body": "I look", "author": author}}})
    assert (event.thread_id, body.message_id, body.author_kind) == ("141", "ev-1", "agent")
    told["type"] = "zen:event-type:messaging_ticket.message_added"
    _, body = written(told | {"event": {"actor": {"type": "agent"}, "message": {"body": "I do"}}})
    assert (body.message_id, body.author_kind) == ("ev-1", "agent")


def test_what_zendesk_itself_writes_is_a_bots() -> None:
    told = {"type": "zen:event-type:ticket.comment_added", "id": "ev-1", "detail": {"id": "141"}}
    _, body = written(told | {"event": {"comment": {"id": "1", "body": "x", "author_id": "-1"}}})
    assert body.author_kind == "bot"


def test_the_event_bus_tells_the_same() -> None:
    person = {"id": 501, "is_staff": False, "name": "Mira"}
    comment = {"id": 777, "body": "Any news?", "is_public": True, "author": person}
    told = {
        "meta": {"occurred_at": "2026-01-31T08:00:00Z", "sequence": {"id": "s", "position": 2}},
        "type": "Comment Created",
        "comment": comment,
        "ticket": {"id": 141, "status": "open", "requester_id": 501},
    }
    event, body = written({"detail-type": "Support Ticket", "detail": {"ticket_event": told}})
    assert (event.event_id, event.thread_id, event.occurred_at_us) == ("s:2", "141", AT_US)
    assert (event.author_id, body.author_kind, body.text) == ("501", "customer", "Any news?")


def test_a_trigger_with_flat_names_is_read() -> None:
    event, body = written({"ticketId": "32", "title": "Bag", "status": "Open",
                           "latestComment": "Here"})  # fmt: skip
    assert (event.thread_id, body.text, body.subject) == ("32", "Here", "Bag")


def test_a_flat_trigger_names_its_requester_and_files() -> None:
    file = {"filename": "bag.png", "url": "https://desk.example/bag.png"}
    event, body = written(
        {"id": "8", "comment": "Hello", "requester_id": "501", "requester_name": "Mira",
         "attachments": [file]}
    )  # fmt: skip
    assert (event.thread_id, event.author_id, body.author_name) == ("8", "501", "Mira")
    assert body.attachments == (
        Attachment("image", "", "https://desk.example/bag.png", name="bag.png"),
    )


def test_a_description_is_its_requesters_whoever_fired_the_trigger() -> None:
    source = {"from": {"address": "mira@example.net", "name": "Mira"}}
    ticket = {"id": "9", "description": "I lost it", "requester_id": "501",
              "via": {"source": source}}  # fmt: skip
    agent = {"id": "1", "name": "Anna"}
    event, body = written({"ticket": ticket, "current_user": agent})
    assert (event.author_id, body.author_kind, body.author_name) == ("501", "customer", "Mira")
    assert body.identifiers == (Identifier("email", "mira@example.net"),)
    event, body = written({"ticket": ticket | {"latest_comment": "Found"}, "current_user": agent})
    assert (event.author_id, body.author_kind, body.author_name) == ("1", "agent", "Anna")


def test_a_comment_by_another_than_the_requester_is_staffs() -> None:
    ticket = {"id": "9", "requester_id": "501"}
    _, body = written({"ticket": ticket, "comment": COMMENT})
    assert body.author_kind == "customer"
    event, body = written({"ticket": ticket, "comment": COMMENT | {"author_id": 4}})
    assert (event.author_id, body.author_kind) == ("4", "agent")


def test_a_conversations_batch_is_read() -> None:
    theirs, ours, failed, pressed, form, typing = CHANNEL.parse(
        InboundRequest((SAMPLES / "conversations.json").read_bytes())
    )
    assert theirs == IncomingEvent(
        event_id="ev-1",
        channel="zendesk",
        thread_id="conv-1",
        body=WrittenMessage(
            message_id="msg-1",
            author_kind="customer",
            author_name="Mira",
            text="My bag",
            attachments=(
                Attachment("image", "", "https://media.example/bag.jpg", "image/jpeg", "bag", 2048),
            ),
        ),
        occurred_at_us=AT_US,
        author_id="u-1",
    )
    assert isinstance(ours.body, WrittenMessage)
    assert (ours.body.author_kind, ours.author_id) == ("bot", "b-1")
    assert failed.body == Receipt("failed", ("msg-2",), 0, "uncategorized_error", "unreachable")
    assert isinstance(pressed.body, WrittenMessage)
    assert (pressed.author_id, pressed.body.author_name) == ("u-1", "Mira Okafor")
    assert (pressed.body.text, pressed.body.payload) == ("Yes", "YES")
    assert isinstance(form.body, WrittenMessage)
    assert form.body.text == "Flight: XY12\nClass: First"
    assert isinstance(typing.body, UnrecognisedEvent)
    assert typing.body.type == "conversation:typing"


def test_the_first_versions_batch_is_read() -> None:
    place = {"lat": 47.5, "long": 19.0}
    [event] = parse(
        {
            "trigger": "message:appUser",
            "app": {"_id": "app-1"},
            "version": "v1.1",
            "messages": [
                {"_id": "m-1", "type": "location", "role": "appUser", "text": "I am here",
                 "authorId": "p-1", "received": 1_769_846_400.0, "coordinates": place}
            ],
            "appUser": {"_id": "p-1", "givenName": "Mira", "surname": "Okafor"},
            "conversation": {"_id": "conv-1"},
        }
    )  # fmt: skip
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.author_id, event.occurred_at_us) == ("conv-1", "p-1", AT_US)
    assert (event.body.author_kind, event.body.author_name) == ("customer", "Mira Okafor")
    assert event.body.location == Location(47.5, 19.0)


def test_a_batch_without_messages_is_kept() -> None:
    [event] = parse({"trigger": "typing:appUser", "app": {"_id": "a"}, "version": "v1.1"})
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "typing:appUser"


@pytest.mark.parametrize("value", [[], {}, {"comments": []}, 3])
def test_what_names_no_ticket_is_turned_down(value: object) -> None:
    with pytest.raises(InvalidRequestError):
        parse(value)
