"""What Connect's documentation, its API, its sockets and its flows show."""

from __future__ import annotations

import json
from typing import Any

from services.gateway.channels.amazon_connect.channel import AmazonConnectChannel
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import Attachment, CallStep, IncomingEvent, WrittenMessage

CHANNEL = AmazonConnectChannel()
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
MESSAGE: dict[str, Any] = {
    "Id": "m-1", "Type": "MESSAGE", "ContentType": "text/plain", "Content": "Hello",
    "ParticipantId": "p-1", "ParticipantRole": "CUSTOMER", "DisplayName": "Mira",
    "AbsoluteTime": "2026-01-31T08:00:00.000Z",
}  # fmt: skip


def parse(value: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(value).encode()))


def written(value: object) -> list[WrittenMessage]:
    return [event.body for event in parse(value) if isinstance(event.body, WrittenMessage)]


def step(value: object) -> tuple[IncomingEvent, CallStep]:
    [event] = parse(value)
    assert isinstance(event.body, CallStep)
    return event, event.body


def test_an_event_takes_its_time_from_its_envelope_and_names_as_they_are_written() -> None:
    event, told = step(
        {
            "detail-type": "Amazon Connect Contact Event",
            "time": "2026-01-31T08:00:00Z",
            "detail": {
                "eventType": "CONNECTED_TO_AGENT",
                "contactId": "ct-2",
                "initialContactId": "ct-1",
                "initiationMethod": "INBOUND",
                "queueInfo": {"queueArn": "arn:x/queue/q-1"},
                "AgentInfo": {"AgentArn": "arn:x/agent/a-1"},
            },
        }
    )
    assert (event.occurred_at_us, event.thread_id) == (AT_US, "ct-1")
    assert (told.phase, told.queue, told.agent) == ("answered", "q-1", "a-1")


def test_a_flows_call_of_a_function_is_a_step_in_the_menu() -> None:
    started = {"Customer": {"Audio": {"StartTimestamp": "1769846400000"}}}
    contact = {
        "ContactId": "ct-1", "InitialContactId": "ct-1", "InitiationMethod": "INBOUND",
        "Channel": "VOICE", "MediaStreams": started, "Queue": {"Name": "Baggage"},
        "CustomerEndpoint": {"Address": "+36700000001"},
        "SystemEndpoint": {"Address": "+3610000000"},
    }  # fmt: skip
    event, told = step({"Name": "ContactFlowEvent", "Details": {"ContactData": contact}})
    assert (event.occurred_at_us, event.author_id) == (AT_US, "+36700000001")
    assert (told.phase, told.queue, told.callee) == ("in_menu", "Baggage", "+3610000000")


def test_the_apis_contact_names_its_agent_to_the_end() -> None:
    contact = {
        "Id": "ct-1", "InitiationMethod": "INBOUND",
        "InitiationTimestamp": "2026-01-31T08:00:00Z",
        "AgentInfo": {"Id": "a-1", "ConnectedToAgentTimestamp": "2026-01-31T08:01:00Z"},
        "DisconnectTimestamp": "2026-01-31T08:05:00Z",
    }  # fmt: skip
    last = parse({"Contact": contact})[-1].body
    assert isinstance(last, CallStep)
    assert (last.phase, last.agent) == ("ended", "a-1")


def test_an_analysed_chat_keeps_ids_times_and_names() -> None:
    bare = {name: value for name, value in MESSAGE.items() if not name.startswith(("Disp", "Par"))}
    joined = {"Id": "m-0", "Type": "EVENT", "AbsoluteTime": "2026-01-31T07:59:00Z"}
    person = {"ParticipantId": "p-1", "ParticipantRole": "CUSTOMER", "DisplayName": "Mira"}
    [event] = parse(
        {
            "Channel": "CHAT",
            "CustomerMetadata": {"ContactId": "ct-1"},
            "Participants": [person],
            "Transcript": [joined, bare | {"ParticipantId": "p-1"}],
        }
    )
    assert isinstance(event.body, WrittenMessage)
    assert (event.event_id, event.thread_id, event.author_id) == ("m-1", "ct-1", "p-1")
    assert (event.occurred_at_us, event.body.author_name) == (AT_US, "Mira")
    assert (event.body.author_kind, event.body.payload) == ("customer", "")


def test_a_chat_is_read_however_it_is_fetched() -> None:
    whole = MESSAGE | {"InitialContactId": "ct-1", "ContactId": "ct-1"}
    for value in (
        {"InitialContactId": "ct-1", "Transcript": [MESSAGE]},
        {"topic": "aws/chat", "content": json.dumps(whole)},
        {"data": whole},
        whole,
    ):
        [event] = parse(value)
        assert (event.event_id, event.thread_id, event.author_id) == ("m-1", "ct-1", "p-1")
        assert event.occurred_at_us == AT_US


def test_a_message_with_choices_shows_them() -> None:
    shown = {"title": "Which flight?", "elements": [{"title": "XY12"}, {"title": "XY14"}]}
    kind = "application/vnd.amazonaws.connect.message.interactive"
    changed = {"ContentType": kind, "Content": json.dumps({"data": {"content": shown}})}
    [body] = written(MESSAGE | changed)
    assert body.text == "Which flight?\n- XY12\n- XY14"
    [body] = written(MESSAGE | changed | {"Content": "{"})
    assert body.text == "{"


def test_a_live_chat_tells_when_and_what_was_attached() -> None:
    when = {"Time": {"AbsoluteTime": "2026-01-31T08:00:00Z"}}
    file = {"AttachmentId": "f-1", "AttachmentName": "bag.png", "ContentType": "image/png"}
    person = {"ParticipantId": "p-1", "ParticipantRole": "CUSTOMER", "DisplayName": "Mira"}
    said, sent = parse(
        {
            "ContactId": "ct-1",
            "Segments": [
                {"Transcript": {"Id": "s-1", "Content": "Hello"} | person | when},
                {"Attachments": {"Id": "s-2", "Attachments": [file]} | person | when},
                {"Categories": {"MatchedCategories": []}},
            ],
        }
    )
    assert isinstance(said.body, WrittenMessage)
    assert isinstance(sent.body, WrittenMessage)
    assert (said.occurred_at_us, said.author_id, said.body.author_name) == (AT_US, "p-1", "Mira")
    assert sent.body.attachments == (Attachment("image", "f-1", "", "image/png", "bag.png"),)


def test_an_analysis_that_names_no_contact_goes_by_its_content() -> None:
    people = [{"ParticipantId": "x-9", "ParticipantRole": "AGENT"}]
    turn = {"ParticipantId": "x-9", "Content": "Good day.", "BeginOffsetMillis": 10}
    analysis = {"Channel": "VOICE", "Participants": people, "Transcript": [turn]}
    [body] = written(analysis)
    assert (body.author_kind, body.text) == ("agent", "Good day.")
    assert parse(analysis) == parse(analysis)
    assert parse(analysis)[0].thread_id


def test_live_segments_of_a_call_need_no_contact() -> None:
    said = {"Id": "s-1", "Content": "Hello", "ParticipantRole": "CUSTOMER", "ParticipantId": "C"}
    [body] = written({"Segments": [{"Transcript": said}]})
    assert (body.text, body.payload) == ("Hello", "transcript")
