from __future__ import annotations

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.base import SecretSettings
from services.gateway.channels.chatwoot import ChatwootChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    CustomerAction,
    Identifier,
    IncomingEvent,
    Location,
    MessageDeletion,
    StatusChange,
    SurveyAnswer,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = ChatwootChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
SETTINGS = SecretSettings(secrets=("old", "s3cret"))


def load(name: str, **changed: Any) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / name).read_text(encoding="utf-8"))) | changed


def parse(value: object) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(json.dumps(value).encode()))
    return event


def written(**changed: Any) -> WrittenMessage:
    body = parse(load("message_created.json", **changed)).body
    assert isinstance(body, WrittenMessage)
    return body


def test_a_contacts_message_is_a_customers() -> None:
    assert parse(load("message_created.json")) == IncomingEvent(
        event_id="message:41",
        channel="chatwoot",
        thread_id="12",
        body=WrittenMessage(
            message_id="41",
            author_kind="customer",
            author_name="Mira",
            text="Where is my bag?",
            reply_to_message_id="40",
            identifiers=(
                Identifier("email", "mira@example.net"),
                Identifier("phone", "+3610000001"),
            ),
            attachments=(
                Attachment("image", "5", "https://files.example/bag.png", size_bytes=2048),
            ),
            location=Location(47.5, 19.0, "Gate B"),
            subject="Bag",
        ),
        occurred_at_us=AT_US,
        author_id="7",
    )


@pytest.mark.parametrize(
    ("direction", "sender", "kind"),
    [
        ("outgoing", {"id": 9, "name": "Anna", "type": "user"}, "agent"),
        (1, {"id": 9, "name": "Anna", "type": "user"}, "agent"),
        ("outgoing", {"id": 2, "name": "Bot", "type": "agent_bot"}, "bot"),
        ("template", None, "bot"),
        (0, {"id": 7}, "customer"),
    ],
)
def test_who_wrote_is_told_apart(direction: object, sender: object, kind: str) -> None:
    body = written(message_type=direction, sender=sender)
    assert body.author_kind == kind


@pytest.mark.parametrize("changed", [{"private": True}, {"message_type": "activity"}])
def test_notes_and_activities_are_nobodys_message(changed: dict[str, Any]) -> None:
    body = parse(load("message_created.json", **changed)).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "message_created"


def test_an_update_is_an_edit_or_a_deletion_or_an_answer_to_a_survey() -> None:
    edited = parse(load("message_created.json", event="message_updated", content="My bag?"))
    assert isinstance(edited.body, WrittenMessage)
    assert edited.body.edited
    assert edited.event_id != "message:41"
    gone = {"event": "message_updated", "content_attributes": {"deleted": True}}
    assert parse(load("message_created.json", **gone)).body == MessageDeletion("41")
    survey = load(
        "message_created.json",
        event="message_updated",
        content_type="input_csat",
        message_type="template",
        sender=None,
        content_attributes={
            "submitted_values": {"csat_survey_response": {"rating": 4, "feedback_message": "ok"}}
        },
    )
    assert parse(survey).body == SurveyAnswer("41", "csat", 4.0, 1.0, 5.0, "ok")
    assert parse(survey).author_id == "7"


def test_a_status_change_names_who_has_it() -> None:
    event = parse(load("status_changed.json"))
    assert event.body == StatusChange("solved", "9", "high")
    assert (event.thread_id, event.occurred_at_us) == ("12", AT_US + 200_500_000)
    again = parse(load("status_changed.json", event="conversation_updated"))
    assert again.event_id == event.event_id


def test_a_contact_and_the_widget_tell_of_the_customer() -> None:
    contact = {"id": 7, "name": "Mira", "email": "mira@example.net", "event": "contact_updated"}
    event = parse(contact)
    assert event.body == CustomerAction(
        "profile.updated", "7", "Mira", (Identifier("email", "mira@example.net"),)
    )
    widget = {
        "id": 1,
        "contact": {"id": 7, "name": "Mira"},
        "event": "webwidget_triggered",
        "event_info": {
            "initiated_at": {"timestamp": "Sat Jan 31 2026 08:00:00 GMT+0000"},
            "referer": "https://acme.example/help",
        },
    }
    opened = parse(widget)
    assert opened.body == CustomerAction("page.viewed", "https://acme.example/help", "Mira")
    assert opened.author_id == "7"


def test_a_change_of_a_contact_has_the_time_of_the_change() -> None:
    changed = [{"name": {}}, {"updated_at": {"current_value": "2026-01-31T08:00:00.000Z"}}]
    event = parse({"id": 7, "event": "contact_updated", "changed_attributes": changed})
    assert event.occurred_at_us == AT_US


def test_a_rule_tells_of_the_conversation_and_its_message() -> None:
    payload = load("status_changed.json", event="automation_event.conversation_created")
    payload["messages"] = [
        {
            "id": 50,
            "content": "hello",
            "conversation_id": 12,
            "message_type": 3,
            "created_at": 1769846400,
            "private": False,
        }
    ]
    message, status = CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))
    assert isinstance(message.body, WrittenMessage)
    assert (message.thread_id, message.body.author_kind) == ("12", "bot")
    assert status.body == StatusChange("solved", "9", "high")


def test_other_events_are_kept_by_their_name() -> None:
    body = parse({"event": "conversation_typing_on", "conversation": {"id": 1}}).body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "conversation_typing_on"


def request_with(secret: bytes, body: bytes, timestamp: str) -> InboundRequest:
    content = timestamp.encode() + b"." + body if timestamp else body
    digest = hmac.new(secret, content, sha256).hexdigest()
    headers = {"x-chatwoot-signature": f"sha256={digest}"}
    if timestamp:
        headers["x-chatwoot-timestamp"] = timestamp
    return InboundRequest(body, headers)


def test_a_signature_with_and_without_a_time_is_checked() -> None:
    for timestamp in ("", str(AT_US // 1_000_000)):
        good = request_with(b"s3cret", b"{}", timestamp)
        CHANNEL.verify(good, SETTINGS, AT_US)
        with pytest.raises(RefusedError):
            CHANNEL.verify(InboundRequest(b"{ ", good.headers), SETTINGS, AT_US)
    late = request_with(b"s3cret", b"{}", str(AT_US // 1_000_000))
    with pytest.raises(RefusedError, match="away"):
        CHANNEL.verify(late, SETTINGS, AT_US + 600_000_000)


def test_versions_that_sign_nothing_bring_the_secret() -> None:
    CHANNEL.verify(InboundRequest(b"{}", {}, {"secret": "s3cret"}), SETTINGS, AT_US)
    for query in ({}, {"secret": "s3creu"}):
        with pytest.raises(RefusedError):
            CHANNEL.verify(InboundRequest(b"{}", {}, query), SETTINGS, AT_US)


def test_a_wrong_signature_is_not_made_good_by_the_secret_in_the_address() -> None:
    request = InboundRequest(b"{}", {"x-chatwoot-signature": "sha256=0"}, {"secret": "s3cret"})
    with pytest.raises(RefusedError):
        CHANNEL.verify(request, SETTINGS, AT_US)


@given(st.binary(), st.text(min_size=1), st.text())
def test_any_signature_is_refused_and_nothing_else(body: bytes, one: str, two: str) -> None:
    headers = {"x-chatwoot-signature": one, "x-chatwoot-timestamp": two}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(body, headers), SETTINGS, AT_US)


NAMES = st.sampled_from(
    ["conversation", "sender", "id", "meta", "content", "content_attributes", "attachments",
     "file_type", "coordinates_lat", "coordinates_long", "status", "assignee", "created_at",
     "message_type", "contact", "event_info", "initiated_at", "timestamp", "submitted_values"]
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)
EVENTS = st.sampled_from(
    ["message_created", "message_updated", "conversation_created", "contact_created",
     "webwidget_triggered", "other"]
)  # fmt: skip


@given(st.dictionaries(NAMES, JSON), EVENTS)
def test_any_payload_is_read(payload: dict[str, object], event: str) -> None:
    assert parse(payload | {"event": event})


@given(st.binary())
def test_any_bytes_are_read_or_turned_down(body: bytes) -> None:
    try:
        CHANNEL.parse(InboundRequest(body))
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
