"""What is written to files is rarely the request itself: logs, tools and the API have their own."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest

from services.gateway.channels.twilio.channel import TwilioChannel
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import (
    Attachment,
    CallStep,
    IncomingEvent,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = TwilioChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
FORM = "MessageSid=SM1&SmsStatus=received&From=%2B36700000001&To=%2B3610000000&Body=Hi+there"


def parse(body: str | bytes) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(body.encode() if isinstance(body, str) else body))


def written(body: str | bytes) -> WrittenMessage:
    [event] = parse(body)
    assert isinstance(event.body, WrittenMessage)
    return event.body


@pytest.mark.parametrize("between", ["\n&", "&\n", "\n", "\r\n", "&"])
def test_a_form_copied_out_of_a_log_is_read(between: str) -> None:
    assert written(FORM.replace("&", between) + "\n").text == "Hi there"
    assert written('"' + FORM.replace("&", between) + '"\n').text == "Hi there"
    [event] = parse(FORM.replace("received", "failed").replace("&", between) + between)
    assert isinstance(event.body, Receipt)


@pytest.mark.parametrize("packed", [FORM, b64encode(FORM.encode()).decode()])
def test_a_form_within_a_function_platforms_request_is_read(packed: str) -> None:
    request = {"httpMethod": "POST", "headers": {"Host": "x.example"}, "body": packed}
    assert written(json.dumps(request)).text == "Hi there"


def test_fields_within_a_workflows_items_are_read() -> None:
    fields = {"MessageSid": "SM1", "From": "+36700000001", "Body": "Yes", "SmsStatus": "received"}
    assert written(json.dumps([{"headers": {}, "body": fields}])).text == "Yes"


def test_the_apis_messages_are_read_with_their_times() -> None:
    theirs, ours = parse((SAMPLES / "resources.json").read_bytes())
    assert isinstance(theirs.body, WrittenMessage)
    assert isinstance(ours.body, WrittenMessage)
    assert (theirs.body.author_kind, theirs.author_id) == ("customer", "+36700000001")
    assert (ours.body.author_kind, ours.author_id) == ("agent", "+3610000000")
    assert theirs.thread_id == ours.thread_id == "+36700000001"
    assert theirs.occurred_at_us == ours.occurred_at_us == AT_US


def test_the_apis_call_is_a_step() -> None:
    call = {
        "sid": "CA1", "status": "completed", "from": "+36700000001", "to": "+3610000000",
        "direction": "inbound", "duration": "30", "end_time": "Sat, 31 Jan 2026 08:00:00 +0000",
    }  # fmt: skip
    [event] = parse(json.dumps(call))
    assert isinstance(event.body, CallStep)
    assert (event.body.phase, event.body.duration_us) == ("ended", 30_000_000)
    assert event.occurred_at_us == AT_US


def test_the_apis_message_of_a_conversation_is_read() -> None:
    message = {
        "sid": "IM1", "conversation_sid": "CH1", "author": "whatsapp:+36700000001", "body": "Hi",
        "date_created": "2026-01-31T08:00:00Z", "media": None,
    }  # fmt: skip
    [event] = parse(json.dumps(message))
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.body.author_kind) == ("CH1", "customer")


def streamed(what: str, **data: object) -> IncomingEvent:
    told = {"ConversationSid": "CH1", "MessageSid": "IM1"} | data
    event_type = f"com.twilio.conversations.{what}"
    [event] = parse(
        json.dumps([{"specversion": "1.0", "id": "NO1", "type": event_type, "data": told}])
    )
    return event


def test_a_streams_message_of_a_conversation_is_read() -> None:
    media = {"MediaSid": "ME1", "ContentType": "image/png", "Filename": "bag.png", "Size": 5}
    event = streamed(
        "message.added", Author="+36700000001", MessageBody="Hello", MessageSubject="Bag",
        DateCreated="2026-01-31T08:00:00Z", Media=[media],
    )  # fmt: skip
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.occurred_at_us) == ("CH1", AT_US)
    assert (event.body.text, event.body.subject) == ("Hello", "Bag")
    assert event.body.author_kind == "customer"
    assert event.body.attachments == (Attachment("image", "ME1", "", "image/png", "bag.png", 5),)
    body = streamed("message.added", Author="system", MessageBody="Closed").body
    assert isinstance(body, WrittenMessage)
    assert body.author_kind == "system"


def test_a_streams_removal_delivery_and_further_events_are_told_apart() -> None:
    assert streamed("message.removed").body == MessageDeletion("IM1")
    assert streamed("delivery.updated", Status="read").body == Receipt("read", ("IM1",))
    assert isinstance(streamed("participant.added").body, UnrecognisedEvent)


def test_a_chat_channels_message_is_read() -> None:
    [event] = parse(
        "EventType=onMessageSent&ChannelSid=CH9&MessageSid=IM9&From=mira&Body=Hello"
        "&DateCreated=2026-01-31T08%3A00%3A00Z&Source=SDK"
    )
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.author_id, event.body.text) == ("CH9", "mira", "Hello")


def test_a_recording_whose_status_nobody_tells_is_left_on_the_machine() -> None:
    body = written("CallSid=CA1&From=%2B36700000001&RecordingUrl=https%3A%2F%2Fx.example%2FRE1")
    assert body.attachments == (Attachment("audio", "RE1", "https://x.example/RE1"),)
    [event] = parse(
        "CallSid=CA1&CallStatus=completed&CallDuration=9&RecordingUrl=https%3A%2F%2Fx.example%2FRE1"
    )
    assert isinstance(event.body, CallStep)


def test_a_transcribed_turn_without_its_state_is_final() -> None:
    body = written(
        "CallSid=CA1&TranscriptionEvent=transcription-content&Track=inbound_track"
        "&TranscriptionData=%7B%22transcript%22%3A+%22hello%22%7D"
    )
    assert (body.text, body.author_kind) == ("hello", "customer")


@pytest.mark.parametrize("body", ['{"body": "x=y"}', '{"body": {}}', '{"data": [[1]]}', "{}"])
def test_what_holds_none_of_these_is_kept(body: str) -> None:
    [event] = parse(body)
    assert isinstance(event.body, UnrecognisedEvent)
