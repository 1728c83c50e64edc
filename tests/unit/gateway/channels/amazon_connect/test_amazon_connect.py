from __future__ import annotations

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.amazon_connect.channel import AmazonConnectChannel
from services.gateway.channels.base import SecretSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    CallStep,
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = AmazonConnectChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
SECOND_US = 1_000_000


def load(name: str, **changed: Any) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / name).read_text(encoding="utf-8"))) | changed


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def steps(value: object) -> list[CallStep]:
    return [event.body for event in parse(value) if isinstance(event.body, CallStep)]


def messages(value: object) -> list[WrittenMessage]:
    return [event.body for event in parse(value) if isinstance(event.body, WrittenMessage)]


def test_one_record_tells_every_step_of_the_call() -> None:
    events = parse(load("record.json"))
    told = [
        (event.body.phase, (event.occurred_at_us or 0) - AT_US, event.body.duration_us)
        for event in events
        if isinstance(event.body, CallStep)
    ]
    assert told == [
        ("offered", 0, 0),
        ("in_menu", 1 * SECOND_US, 0),
        ("queued", 22 * SECOND_US, 21 * SECOND_US),
        ("answered", 90 * SECOND_US, 68 * SECOND_US),
        ("held", 90 * SECOND_US, 30 * SECOND_US),
        ("transferred", 359 * SECOND_US, 0),
        ("ended", 360 * SECOND_US, 240 * SECOND_US),
        ("wrapped_up", 405 * SECOND_US, 45 * SECOND_US),
    ]
    assert {event.thread_id for event in events} == {"ct-1"}
    assert {event.author_id for event in events} == {"+491700000001"}
    assert [event.event_id for event in events][:2] == ["ct-1:offered", "ct-1:in_menu"]


def test_a_step_names_queue_agent_and_recording() -> None:
    by_phase = {one.phase: one for one in steps(load("record.json"))}
    assert (by_phase["queued"].queue, by_phase["answered"].agent) == ("Baggage", "anna.k")
    assert by_phase["held"].reason == "2 holds"
    assert by_phase["transferred"].agent == "Claims"
    assert by_phase["ended"].recording_url == "bucket/connect/ct-1.wav"
    assert by_phase["ended"].reason == "CUSTOMER_DISCONNECT"
    assert (by_phase["ended"].caller, by_phase["ended"].callee) == (
        "+491700000001",
        "+498900000000",
    )


def test_who_hung_up_in_the_queue_has_abandoned() -> None:
    record = load("record.json", Agent=None, NextContactId=None, TransferCompletedTimestamp=None)
    last = steps(record)[-1]
    assert (last.phase, last.duration_us, last.queue) == ("abandoned", 68 * SECOND_US, "Baggage")


def test_a_transferred_contact_goes_on_with_the_same_call() -> None:
    record = load(
        "record.json", ContactId="ct-2", InitialContactId="ct-1", InitiationMethod="TRANSFER"
    )
    told = steps(record)
    assert "offered" not in [one.phase for one in told]
    assert {(one.call_id, one.leg_id) for one in told} == {("ct-1", "ct-2")}


def test_an_outbound_call_belongs_to_who_was_called() -> None:
    events = parse(load("record.json", InitiationMethod="OUTBOUND"))
    assert {event.author_id for event in events} == {"+491700000001"}
    [first, *_] = steps(load("record.json", InitiationMethod="OUTBOUND"))
    assert (first.outbound, first.callee) == (True, "+491700000001")


def test_the_highest_update_of_a_contact_holds() -> None:
    old = load("record.json", LastUpdateTimestamp="2026-01-31T08:07:00Z", DisconnectTimestamp=None)
    new = load("record.json")
    assert parse([new, old]) == parse([old, new]) == parse([new, new]) == parse(new)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: {"Records": [{"kinesis": {"data": b64encode(one).decode()}, "eventID": "s:1"}]},
        lambda one: {"requestId": "r", "records": [{"data": b64encode(one).decode()}]},
        lambda one: {"Records": [{"Sns": {"Type": "Notification", "Message": one.decode()}}]},
        lambda one: {"Records": [{"messageId": "q", "body": one.decode()}]},
        lambda one: {"detail-type": "Amazon Connect Contact Record", "detail": json.loads(one)},
        lambda one: [json.loads(one)],
        lambda one: {"Contact": {"Id": "ct-1", **json.loads(one), "ContactId": None}},
        lambda one: {"Contacts": [json.loads(one)], "TotalCount": 1},
    ],
)
def test_every_wrapping_of_amazons_is_taken_off(wrap: Any) -> None:
    record = json.dumps(load("record.json")).encode()
    assert parse(wrap(record)) == parse(load("record.json"))


def test_a_file_of_records_one_after_the_other_is_read() -> None:
    one = json.dumps(load("record.json")).encode()
    two = json.dumps(load("record.json", ContactId="ct-3")).encode()
    for body in (one + two, one + b"\n" + two + b"\n", gzip.compress(one + two)):
        assert len(CHANNEL.parse(InboundRequest(body))) == 16


def test_a_contact_event_is_the_same_step_as_in_the_record() -> None:
    [event] = parse(load("event.json"))
    assert isinstance(event.body, CallStep)
    assert (event.body.phase, event.body.duration_us) == ("abandoned", 90 * SECOND_US)
    assert (event.event_id, event.body.queue) == ("ct-5:abandoned", "q-1")
    assert event.occurred_at_us == AT_US + 120 * SECOND_US


def test_what_was_said_is_told_in_order_and_in_time() -> None:
    events = parse(load("contact_lens.json"))
    said = [
        (event.body.author_kind, event.body.text)
        for event in events
        if isinstance(event.body, WrittenMessage)
    ]
    assert said == [
        ("agent", "Good morning, Anna speaking."),
        ("customer", "My suitcase did not come."),
    ]
    assert [event.occurred_at_us for event in events] == [AT_US + 400_000, AT_US + 3_800_000]
    assert {event.thread_id for event in events} == {"ct-9"}


def test_a_chat_is_read_message_by_message() -> None:
    events = parse(load("chat.json"))
    bodies = [event.body for event in events if isinstance(event.body, WrittenMessage)]
    assert [(one.author_kind, one.author_name) for one in bodies] == [
        ("customer", "Mira"),
        ("system", "SYSTEM_MESSAGE"),
        ("agent", "Anna"),
    ]
    assert bodies[2].attachments == (
        Attachment("file", "at-1", media_type="application/pdf", name="claim.pdf"),
    )
    assert {event.thread_id for event in events} == {"ch-0"}
    assert (events[0].author_id, events[0].occurred_at_us) == ("p-1", AT_US + SECOND_US)


def test_live_messages_and_segments_are_read() -> None:
    live = {"ContactId": "ch-1", "InitialContactId": "ch-0", "Id": "m-7", "Type": "MESSAGE", "Content": "hi", "ParticipantRole": "CUSTOMER", "ParticipantId": "p-1", "AbsoluteTime": "2026-01-31T08:00:00Z"}  # fmt: skip  # noqa: E501
    assert [one.text for one in messages(live)] == ["hi"]
    segments = {"EventType": "SEGMENTS", "ContactId": "ct-1", "Segments": [{"Utterance": {}}, {"Transcript": {"Id": "s-1", "Content": "yes", "ParticipantRole": "AGENT"}}]}  # fmt: skip  # noqa: E501
    assert [(one.author_kind, one.text) for one in messages(segments)] == [("agent", "yes")]


def test_a_plain_transcript_is_taken_as_it_is() -> None:
    plain = {
        "call_id": "k",
        "began_at": "2026-01-31T08:00:00Z",
        "turns": [{"speaker": "customer", "text": "hello", "start_seconds": 1}],
    }
    [event] = parse(plain)
    assert isinstance(event.body, WrittenMessage)
    assert (event.body.text, event.occurred_at_us) == ("hello", AT_US + SECOND_US)


def test_an_unknown_record_does_not_take_the_others_with_it() -> None:
    events = parse([{"EventType": "HEART_BEAT", "EventId": "h"}, {"data": "?"}, load("event.json")])
    kinds = [type(event.body) for event in events]
    assert kinds == [UnrecognisedEvent, UnrecognisedEvent, CallStep]
    assert isinstance(events[0].body, UnrecognisedEvent)
    assert (events[0].body.type, events[0].event_id) == ("HEART_BEAT", "h")


@pytest.mark.parametrize("body", [b"", b"{", b"5", b"[]", b"[" * 100_000, b"\x1f\x8b", b"\xff\xfe"])
def test_what_is_no_record_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


def test_more_records_than_anybody_sends_are_turned_down() -> None:
    with pytest.raises(InvalidRequestError, match="more than 10000"):
        CHANNEL.parse(InboundRequest(b"[" + b'{"a":1},' * 10_000 + b"{}]"))


def test_a_bomb_is_turned_down() -> None:
    with pytest.raises(InvalidRequestError, match="unpacks"):
        CHANNEL.parse(InboundRequest(gzip.compress(b" " * 20_000_000)))


SETTINGS = SecretSettings(secrets=("old", "s3cret"))


@pytest.mark.parametrize(
    "request_",
    [
        InboundRequest(b"", {"authorization": "Basic " + b64encode(b"aws:s3cret").decode()}),
        InboundRequest(b"", {"authorization": "Bearer s3cret"}),
        InboundRequest(b"", {"x-api-key": "old"}),
        InboundRequest(b"", {"x-amz-firehose-access-key": "s3cret"}),
        InboundRequest(b"", {}, {"secret": "s3cret"}),
    ],
)
def test_the_secret_may_come_along_in_several_ways(request_: InboundRequest) -> None:
    CHANNEL.verify(request_, SETTINGS, 0)
    flipped = {name: value[:-1] + "~" for name, value in request_.headers.items()}
    query = {name: value[:-1] + "~" for name, value in request_.query.items()}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"", flipped, query), SETTINGS, 0)


@given(st.text(), st.text(), st.text())
def test_any_credentials_are_refused_and_nothing_else(one: str, two: str, three: str) -> None:
    headers = {"authorization": f"Basic {one}", "x-api-key": two}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"", headers, {"secret": three}), SETTINGS, 0)


NAMES = st.sampled_from(
    [
        "ContactId", "InitiationTimestamp", "Queue", "Agent", "EnqueueTimestamp", "Duration",
        "ConnectedToAgentTimestamp", "NumberOfHolds", "DisconnectTimestamp", "Transcript", "Id",
        "CustomerMetadata", "Segments", "Type", "Records", "kinesis", "data", "Message", "detail",
        "detail-type", "eventType", "contactId", "call_id", "turns", "Content", "Recording",
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.sampled_from(["2026-01-31T08:00:00Z", "INBOUND", "QUEUED", "e30="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(JSON | st.dictionaries(NAMES, JSON))
def test_any_record_is_read_or_turned_down(value: object) -> None:
    try:
        assert parse(value)
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not


@given(st.binary())
def test_any_bytes_are_read_or_turned_down(body: bytes) -> None:
    try:
        CHANNEL.parse(InboundRequest(body))
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
