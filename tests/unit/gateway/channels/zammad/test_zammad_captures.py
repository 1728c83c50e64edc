"""Zammad's tickets and articles as its API tells them, and as templates of one's own do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.gateway.channels.zammad import ZammadChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    Identifier,
    IncomingEvent,
    StatusChange,
    WrittenMessage,
)

CHANNEL = ZammadChannel()
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
ARTICLE: dict[str, Any] = {
    "id": 301, "ticket_id": 81, "sender": "Customer", "sender_id": 2, "type": "email",
    "from": "Mira Okafor <mira@example.net>", "subject": "Lost bag", "body": "<p>Where?</p>",
    "content_type": "text/html", "internal": False, "created_by": "mira@example.net",
    "created_by_id": 22, "created_at": "2026-01-31T08:00:00.000Z", "attachments": [],
}  # fmt: skip
TICKET: dict[str, Any] = {
    "id": 81, "number": "10081", "title": "Lost bag", "state": "open", "priority": "3 high",
    "owner": "anna@desk.example", "owner_id": 4, "customer": "mira@example.net",
    "updated_at": "2026-01-31T08:00:00.000Z",
}  # fmt: skip


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def test_the_apis_article_is_a_message_alone_listed_or_wrapped() -> None:
    for value in (ARTICLE, [ARTICLE], {"body": ARTICLE}, {"articles": [ARTICLE]}):
        [event] = parse(value)
        assert isinstance(event.body, WrittenMessage)
        assert (event.thread_id, event.author_id, event.occurred_at_us) == ("81", "22", AT_US)
        assert (event.body.author_kind, event.body.author_name) == ("customer", "Mira Okafor")
        assert event.body.identifiers == (Identifier("email", "mira@example.net"),)
        assert event.body.text == "Where?"


def test_the_apis_article_of_an_agent_is_theirs() -> None:
    [event] = parse(ARTICLE | {"sender": None, "sender_id": 1, "created_by_id": 4})
    assert isinstance(event.body, WrittenMessage)
    assert (event.author_id, event.body.author_kind) == ("4", "agent")


def test_the_person_for_whom_an_agent_wrote_is_the_author() -> None:
    [event] = parse(ARTICLE | {"created_by": "anna@desk.example", "created_by_id": 4,
                               "origin_by": "mira@example.net", "origin_by_id": 22})  # fmt: skip
    assert event.author_id == "22"


def test_the_apis_ticket_is_a_status_with_its_article_if_it_has_one() -> None:
    [status] = parse(TICKET)
    assert status.body == StatusChange("open", "4", "high")
    for value in (TICKET | {"article": ARTICLE}, {"ticket": TICKET | {"article": ARTICLE}}):
        message, again = parse(value)
        assert isinstance(message.body, WrittenMessage)
        assert again == status


def test_a_template_that_names_no_sender_means_the_customer() -> None:
    customer = {"id": 22, "firstname": "Mira", "lastname": "Okafor"}
    voice = {"id": 9, "filename": "message.MP3", "url": "https://desk.example/9"}
    article: dict[str, Any] = {"id": 301, "ticket_id": 81, "type": "email", "attachments": [voice]}
    [event] = parse({"ticket": {"id": 81, "customer": customer}, "article": article})
    assert isinstance(event.body, WrittenMessage)
    assert (event.author_id, event.body.author_name) == ("22", "Mira Okafor")
    assert event.body.author_kind == "customer"
    assert event.body.attachments == (
        Attachment("audio", "9", "https://desk.example/9", name="message.MP3"),
    )
    written_by = {
        "ticket": {"id": 81, "customer": customer},
        "article": article | {"created_by_id": 4},
    }
    [event] = parse(written_by)
    assert isinstance(event.body, WrittenMessage)
    assert event.body.author_kind == "agent"


@pytest.mark.parametrize("value", [[], 3, {"articles": []}, {"ticket": {}, "body": {"id": 1}}])
def test_what_holds_no_ticket_is_turned_down(value: object) -> None:
    with pytest.raises(InvalidRequestError):
        parse(value)
