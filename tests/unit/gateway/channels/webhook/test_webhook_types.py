from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.first_party import FirstPartyChannel
from services.gateway.channels.first_party_bodies import READERS
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    CallStep,
    CustomerAction,
    Engagement,
    Identifier,
    IncomingEvent,
    Location,
    MessageDeletion,
    Reaction,
    Receipt,
    ReplyRequest,
    SurveyAnswer,
    WrittenMessage,
)

CHANNEL = FirstPartyChannel()
AT = "2025-12-31T08:00:00Z"
AT_US = 1_767_168_000_000_000


def parse_all(event_type: str, data: object) -> list[IncomingEvent]:
    body = json.dumps({"type": event_type, "timestamp": AT, "data": data}).encode()
    return list(CHANNEL.parse(InboundRequest(body, {"webhook-id": "msg_1"})))


def parse(event_type: str, **data: Any) -> IncomingEvent:
    [event] = parse_all(event_type, data)
    return event


def message(**changed: Any) -> Any:
    event = parse(
        "message.received", **{"thread_id": "t", "message_id": "m", "author": {"id": "c"}} | changed
    )
    assert isinstance(event.body, WrittenMessage)
    return event.body


def test_a_message_brings_its_attachments_and_its_place() -> None:
    body = message(
        attachments=[
            {"kind": "image", "url": "https://files.example/a.png", "media_type": "image/png"},
            {"content": "aGk=", "name": "note.txt", "inline": True},
        ],
        location={"latitude": -33.9, "longitude": 18, "name": "Pier"},
    )
    assert body.attachments == (
        Attachment("image", url="https://files.example/a.png", media_type="image/png"),
        Attachment("file", name="note.txt", size_bytes=2, inline=True, content=b"hi"),
    )
    assert body.location == Location(-33.9, 18.0, "Pier")


def test_a_review_is_public_and_has_stars() -> None:
    body = message(stars=4, is_public=True, subject="Fine")
    assert (body.stars, body.is_public, body.subject) == (4, True, "Fine")


def test_an_edit_is_not_another_message() -> None:
    event = parse(
        "message.edited",
        thread_id="t",
        message_id="m",
        author={"id": "a", "kind": "agent"},
        text="new",
    )
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.edited, event.body.author_kind, event.body.message_id) == (
        True,
        "agent",
        "m",
    )


def test_a_deletion_and_a_reaction_name_their_message() -> None:
    gone = parse("message.deleted", thread_id="t", message_id="m")
    assert (gone.body, gone.author_id) == (MessageDeletion("m"), "")
    liked = parse("reaction.added", thread_id="t", message_id="m", author={"id": "c"}, reaction="❤")
    assert (liked.body, liked.author_id) == (Reaction("m", "❤"), "c")
    unliked = parse("reaction.removed", thread_id="t", message_id="m", author={"id": "c"})
    assert unliked.body == Reaction("m", "", removed=True)


def test_receipts_name_messages_or_a_time() -> None:
    assert parse("receipt.read", thread_id="t", until=AT).body == Receipt("read", until_at_us=AT_US)
    failed = parse("receipt.failed", thread_id="t", message_ids=["a", "b"], code="7", reason="off")
    assert failed.body == Receipt("failed", ("a", "b"), code="7", reason="off")


def test_counts_that_are_not_known_stay_unknown() -> None:
    event = parse("engagement.counted", message_id="p", likes=0)
    assert (event.body, event.thread_id) == (Engagement("p", likes=0), "p")


def test_a_call_belongs_to_the_customers_number() -> None:
    event = parse(
        "call.answered", call_id="k", caller="+361", callee="+362", duration_seconds=1.5, agent="a"
    )
    assert event.body == CallStep(
        "k", "answered", caller="+361", callee="+362", agent="a", duration_us=1_500_000
    )
    assert (event.thread_id, event.author_id) == ("+361", "+361")
    out = parse("call.ended", call_id="k", direction="outbound", caller="+361", callee="+362")
    assert out.thread_id == "+362"
    assert parse("call.offered", call_id="k").thread_id == "k"


def test_what_was_said_is_a_message_a_turn() -> None:
    events = parse_all(
        "call.transcribed",
        {
            "call_id": "k",
            "language": "en",
            "turns": [
                {"speaker": "agent", "text": "Hello", "start_seconds": 0, "speaker_id": "a"},
                {"speaker": "customer", "text": "Hi", "start_seconds": 2.5},
            ],
        },
    )
    assert [event.occurred_at_us for event in events] == [AT_US, AT_US + 2_500_000]
    assert [(event.event_id, event.thread_id) for event in events] == [
        ("k:turn:1", "k"),
        ("k:turn:2", "k"),
    ]
    said = [event.body for event in events]
    assert [(one.author_kind, one.text) for one in said if isinstance(one, WrittenMessage)] == [
        ("agent", "Hello"),
        ("customer", "Hi"),
    ]


def test_an_order_has_an_amount_and_tells_who_bought() -> None:
    event = parse(
        "order.placed",
        author={"id": "c", "identifiers": [{"kind": "email", "value": "a@b.example"}]},
        object_id="o",
        amount_minor=1999,
        currency="USD",
        details={"items": "2"},
    )
    assert event.body == CustomerAction(
        "order.placed",
        "o",
        identifiers=(Identifier("email", "a@b.example"),),
        amount_minor=1999,
        currency="USD",
        details={"items": "2"},
    )
    assert (event.author_id, event.thread_id) == ("c", "")


def test_a_survey_has_its_scale() -> None:
    event = parse(
        "survey.answered", survey_id="s", kind="csat", score=4.5, scale_min=1, scale_max=5
    )
    assert event.body == SurveyAnswer("s", "csat", 4.5, 1.0, 5.0)


def test_an_answer_goes_to_the_channel_and_thread_it_names() -> None:
    event = parse(
        "reply.requested",
        channel="line",
        thread_id="U1",
        reply_id="r",
        text="Hi",
        author={"kind": "bot", "id": "b"},
        quick_replies=[{"title": "Yes"}, {"title": "No", "payload": "n"}],
    )
    assert (event.channel, event.thread_id, event.author_id) == ("line", "U1", "b")
    assert event.body == ReplyRequest(
        "r", "Hi", agent_id="b", by_bot=True, quick_replies=(("Yes", "Yes"), ("No", "n"))
    )


@pytest.mark.parametrize(
    ("event_type", "data", "place"),
    [
        ("message.received", {"stars": 6}, "data.stars"),
        ("message.received", {"attachments": [{}]}, "data.attachments[0].url"),
        (
            "message.received",
            {"attachments": [{"kind": "gif", "url": "u"}]},
            "data.attachments[0].kind",
        ),
        ("message.received", {"attachments": [{"content": "?"}]}, "data.attachments[0].content"),
        (
            "message.received",
            {"location": {"latitude": 91, "longitude": 0}},
            "data.location.latitude",
        ),
        ("receipt.read", {}, "data.message_ids"),
        ("receipt.read", {"message_ids": [1]}, "data.message_ids[0]"),
        ("reaction.added", {"message_id": "m"}, "data.reaction"),
        ("engagement.counted", {"likes": -1}, "data.likes"),
        ("call.ended", {"call_id": "k", "duration_seconds": -1}, "data.duration_seconds"),
        ("call.ended", {"call_id": "k", "direction": "up"}, "data.direction"),
        (
            "call.transcribed",
            {"call_id": "k", "turns": [{"speaker": "x"}]},
            "data.turns[0].speaker",
        ),
        ("order.placed", {"amount_minor": 5}, "data.currency"),
        ("order.placed", {"details": {"a": 1}}, "data.details.a"),
        ("order.placed", {"details": {"\ud800": "a"}}, "data.details' name 0"),
        ("order.placed", {"details": {str(n): "a" for n in range(51)}}, "data.details"),
        ("survey.answered", {"survey_id": "s", "kind": "stars"}, "data.kind"),
        (
            "survey.answered",
            {"survey_id": "s", "kind": "ces", "score": 9, "scale_min": 1, "scale_max": 7},
            "data.score",
        ),
        ("reply.requested", {"reply_id": "r"}, "data.text"),
        ("reply.requested", {"reply_id": "r", "author": {"kind": "customer"}}, "data.author.kind"),
        ("reply.requested", {"reply_id": "r", "template": {}}, "data.template.name"),
    ],
)
def test_a_wrong_field_is_named(event_type: str, data: dict[str, Any], place: str) -> None:
    whole = {"thread_id": "t", "message_id": "m", "author": {"id": "c"}} | data
    with pytest.raises(InvalidRequestError) as caught:
        parse_all(event_type, whole)
    assert caught.value.place == place


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        "thread_id",
        "message_id",
        "author",
        "id",
        "attachments",
        "location",
        "latitude",
        "url",
        "longitude",
        "details",
        "turns",
        "speaker",
        "call_id",
        "score",
        "reply_id",
        "template",
        "message_ids",
        "until",
        "object_id",
        "quick_replies",
        "duration_seconds",
        "text",
    ]
)


@given(
    st.sampled_from(sorted([*READERS, "call.transcribed"])),
    st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON)),
)
def test_whatever_is_sent_is_read_or_turned_down(event_type: str, data: object) -> None:
    try:
        parse_all(event_type, data)
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
