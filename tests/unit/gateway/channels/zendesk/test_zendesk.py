from __future__ import annotations

import hmac
import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.base import SecretSettings
from services.gateway.channels.zendesk import TIMESTAMP_HEADER, ZendeskChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Identifier,
    IncomingEvent,
    MessageDeletion,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = ZendeskChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
SETTINGS = SecretSettings(secrets=("old", "s3cret"))


def load(name: str) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / name).read_text(encoding="utf-8")))


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def one_of(event_type: str, event: object) -> IncomingEvent:
    payload = load("comment_added.json") | {"type": f"zen:event-type:{event_type}", "event": event}
    [read] = parse(payload)
    return read


def test_an_end_users_comment_is_a_customers_message() -> None:
    assert parse(load("comment_added.json")) == [
        IncomingEvent(
            event_id="01EVT1",
            channel="zendesk",
            thread_id="141",
            body=WrittenMessage(
                message_id="777",
                author_kind="customer",
                author_name="Mira Okafor",
                text="Is there any news?",
                subject="Lost bag",
            ),
            occurred_at_us=AT_US + 254_571,
            author_id="501",
        )
    ]


def test_a_staff_comment_is_an_agents_and_a_note_is_nobodys() -> None:
    comment = {
        "author": {"id": "900", "is_staff": True},
        "body": "Yes",
        "id": "1",
        "is_public": True,
    }
    body = one_of("ticket.comment_added", {"comment": comment}).body
    assert isinstance(body, WrittenMessage)
    assert body.author_kind == "agent"
    note = one_of("ticket.comment_added", {"comment": comment | {"is_public": False}})
    assert isinstance(note.body, UnrecognisedEvent)
    assert note.body.type == "ticket.comment_added"
    assert "private note" in note.body.reason


def test_changes_are_status_changes() -> None:
    solved = one_of("ticket.status_changed", {"current": "SOLVED", "previous": "OPEN"})
    assert solved.body == StatusChange("solved", "900", "high")
    urgent = one_of("ticket.priority_changed", {"current": "URGENT", "previous": "HIGH"})
    assert urgent.body == StatusChange("open", "900", "urgent")
    given_to = one_of("ticket.agent_assignment_changed", {"current": "901", "previous": "900"})
    assert given_to.body == StatusChange("open", "901", "high")
    assert one_of("ticket.created", {}).body == StatusChange("open", "900", "high")


def test_a_comment_that_the_customer_no_longer_sees_is_deleted() -> None:
    for event_type in ("ticket.comment_redacted", "ticket.comment_made_private"):
        assert one_of(event_type, {"comment": {"id": "7"}}).body == MessageDeletion("7")


def test_a_chat_message_is_read() -> None:
    event = {
        "actor": {"id": "501", "name": "Mira", "type": "end_user"},
        "conversation_id": "c",
        "message": {"body": "hi", "id": "m-1"},
    }
    read = one_of("messaging_ticket.message_added", event)
    assert read.body == WrittenMessage("m-1", "customer", "Mira", "hi")
    assert (read.thread_id, read.author_id) == ("141", "501")


def test_a_trigger_tells_the_comment_and_the_status() -> None:
    message, status = parse(load("trigger.json"))
    assert isinstance(message.body, WrittenMessage)
    assert (message.body.author_kind, message.body.text) == ("agent", "We found it.")
    assert (message.thread_id, message.occurred_at_us) == ("141", AT_US + 300_000_000)
    assert status.body == StatusChange("pending", "900", "urgent")


def test_a_trigger_with_a_text_of_the_requester_is_a_customers() -> None:
    payload = {
        "ticket_id": "9",
        "comment": "help",
        "requester": {"name": "M", "email": "m@x.example"},
    }
    [message] = parse(payload)
    assert isinstance(message.body, WrittenMessage)
    assert (message.body.author_kind, message.body.text) == ("customer", "help")
    assert message.body.identifiers == (Identifier("email", "m@x.example"),)
    assert message.author_id == "m@x.example"


def test_other_events_are_kept_by_their_type() -> None:
    read = one_of("ticket.tags_changed", {"tags_added": ["x"]})
    assert isinstance(read.body, UnrecognisedEvent)
    assert (read.body.type, read.event_id) == ("ticket.tags_changed", "01EVT1")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"ticket": {}}', b"[" * 99_999])
def test_what_names_no_ticket_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


def signed(body: bytes, timestamp: str = "2026-01-31T08:00:00Z") -> InboundRequest:
    digest = hmac.new(b"s3cret", timestamp.encode() + body, sha256).digest()
    return InboundRequest(
        body,
        {
            "x-zendesk-webhook-signature": b64encode(digest).decode(),
            "x-zendesk-webhook-signature-timestamp": timestamp,
        },
    )


def test_the_signature_covers_the_time_and_the_body() -> None:
    good = signed(b"{}")
    CHANNEL.verify(good, SETTINGS, AT_US)
    wrong = [
        InboundRequest(b"{ }", good.headers),
        InboundRequest(b"{}", {**good.headers, TIMESTAMP_HEADER: "2026-01-31T08:00:01Z"}),
        InboundRequest(b"{}", {"x-zendesk-webhook-signature": "x"}),
        InboundRequest(b"{}"),
    ]
    for request in wrong:
        with pytest.raises(RefusedError):
            CHANNEL.verify(request, SETTINGS, AT_US)
    with pytest.raises(RefusedError, match="away"):
        CHANNEL.verify(good, SETTINGS, AT_US + 3_600_000_000)


@given(st.binary(), st.text(), st.text())
def test_any_signature_is_refused_and_nothing_else(body: bytes, one: str, two: str) -> None:
    headers = {
        "x-zendesk-webhook-signature": one,
        "x-zendesk-webhook-signature-timestamp": two,
    }
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, headers), SETTINGS, AT_US)


NAMES = st.sampled_from(
    ["detail", "event", "comment", "author", "id", "is_public", "time", "ticket", "status",
     "requester", "assignee", "latest_comment", "attachments", "message", "actor", "body", "size"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)
TYPES = st.sampled_from(["", "ticket.comment_added", "ticket.status_changed", "ticket.created",
                         "messaging_ticket.message_added", "ticket.comment_redacted"])  # fmt: skip


@given(st.dictionaries(NAMES, JSON), TYPES)
def test_any_payload_is_read_or_turned_down(payload: dict[str, object], event_type: str) -> None:
    if event_type:
        payload = payload | {"type": f"zen:event-type:{event_type}"}
    try:
        assert parse(payload)
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
