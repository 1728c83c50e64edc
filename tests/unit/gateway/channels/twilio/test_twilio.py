from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.twilio.channel import TwilioChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    CallStep,
    Identifier,
    IncomingEvent,
    Location,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = TwilioChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z


def sample(name: str) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest((SAMPLES / name).read_bytes()))


def parse(**fields: object) -> IncomingEvent:
    [event] = CHANNEL.parse(InboundRequest(urlencode(fields).encode()))
    return event


def step(**fields: object) -> CallStep:
    body = parse(
        **{"CallSid": "CA1", "From": "+49170", "To": "+4930", "Direction": "inbound"} | fields
    ).body
    assert isinstance(body, CallStep)
    return body


def said(**fields: object) -> WrittenMessage:
    body = parse(
        **{"CallSid": "CA1", "From": "+49170", "To": "+4930", "Direction": "inbound"} | fields
    ).body
    assert isinstance(body, WrittenMessage)
    return body


def test_a_picture_message_is_read() -> None:
    assert sample("mms.form") == [
        IncomingEvent(
            event_id="SM77aa01",
            channel="twilio",
            thread_id="+491700000001",
            body=WrittenMessage(
                message_id="SM77aa01",
                author_kind="customer",
                author_name="",
                text="Wo bleibt mein Koffer? 🧳",
                identifiers=(Identifier("phone", "+491700000001"),),
                attachments=(
                    Attachment(
                        "image",
                        media_id="ME01",
                        url="https://api.twilio.com/2010-04-01/Accounts/AC01/Messages/MM01/Media/ME01",
                        media_type="image/jpeg",
                    ),
                ),
                reply_address="+493010000",
            ),
            occurred_at_us=None,
            author_id="+491700000001",
        )
    ]


def test_a_pressed_whatsapp_button_says_what_it_stands_for_and_where() -> None:
    [event] = sample("whatsapp_button.form")
    body = event.body
    assert isinstance(body, WrittenMessage)
    assert (body.text, body.payload) == ("Yes, please", "rebook_yes")
    assert (body.author_name, body.reply_to_message_id) == ("Nadia R.", "MM55")
    assert body.location == Location(52.52, 13.405, "Mitte", "Platz 1")
    assert event.thread_id == event.author_id == "whatsapp:+491700000002"
    assert body.identifiers == (Identifier("phone", "+491700000002"),)


def test_a_failed_message_comes_back_with_its_code() -> None:
    [event] = sample("undelivered.form")
    assert event.body == Receipt("failed", ("SM77aa03",), code="30005")
    assert (event.thread_id, event.event_id) == ("+491700000001", "SM77aa03:undelivered")


@pytest.mark.parametrize(
    ("status", "kind"), [("sent", "sent"), ("delivered", "delivered"), ("read", "read")]
)
def test_statuses_are_receipts(status: str, kind: str) -> None:
    body = parse(MessageSid="SM1", MessageStatus=status, To="whatsapp:+49170", From="x").body
    assert body == Receipt(kind, ("SM1",))  # type: ignore[arg-type]


def test_a_status_before_it_left_is_kept_by_its_name() -> None:
    body = parse(MessageSid="SM1", MessageStatus="queued", To="+49170", From="+4930").body
    assert isinstance(body, UnrecognisedEvent)
    assert body.type == "message.queued"


def test_a_calls_end_has_its_time_and_its_length() -> None:
    [event] = sample("call_completed.form")
    assert event.body == CallStep(
        "CA01",
        "ended",
        leg_id="CA01",
        caller="+491700000001",
        callee="+493010000",
        duration_us=62_000_000,
        recording_url="https://api.twilio.com/rec/RE1",
    )
    assert event.occurred_at_us == AT_US + 62_000_000
    assert event.thread_id == event.author_id == "+491700000001"


@pytest.mark.parametrize(
    ("fields", "phase"),
    [
        ({"CallStatus": "ringing"}, "offered"),
        ({"CallStatus": "in-progress"}, "in_menu"),
        ({"CallStatus": "no-answer"}, "abandoned"),
        ({"CallStatus": "in-progress", "Direction": "outbound-api"}, "answered"),
        ({"CallStatus": "busy", "Direction": "outbound-api"}, "ended"),
        ({"CallStatus": "in-progress", "Digits": "2"}, "in_menu"),
        ({"QueueSid": "QU1", "QueueTime": "0", "QueuePosition": "3"}, "queued"),
        ({"QueueSid": "QU1", "QueueResult": "hangup", "QueueTime": "95"}, "abandoned"),
        ({"QueueSid": "QU1", "QueueResult": "bridged", "QueueTime": "12"}, "answered"),
        ({"StatusCallbackEvent": "participant-hold", "ConferenceSid": "CF1"}, "held"),
        ({"StatusCallbackEvent": "participant-unhold", "ConferenceSid": "CF1"}, "resumed"),
        ({"DialCallStatus": "no-answer", "DialCallSid": "CA2"}, "ended"),
    ],
)
def test_each_callback_is_a_step(fields: dict[str, str], phase: str) -> None:
    assert step(**fields).phase == phase


def test_a_dialled_agent_is_another_leg_of_the_same_call() -> None:
    leg = step(
        CallSid="CA2",
        ParentCallSid="CA1",
        Direction="outbound-dial",
        CallStatus="in-progress",
        To="client:anna",
    )
    assert (leg.call_id, leg.leg_id, leg.phase, leg.agent) == (
        "CA1",
        "CA2",
        "answered",
        "client:anna",
    )
    assert not leg.outbound


def test_a_long_entry_in_a_menu_is_not_kept() -> None:
    assert step(CallStatus="in-progress", Digits="2").reason == "2"
    assert step(CallStatus="in-progress", Digits="4111111111111111").reason == "16 digits"


def test_what_a_caller_tells_the_machine_is_a_message() -> None:
    body = said(CallStatus="in-progress", SpeechResult="my bag is lost", Confidence="0.9")
    assert (body.author_kind, body.text, body.payload) == (
        "customer",
        "my bag is lost",
        "transcript",
    )


def test_what_a_caller_leaves_on_the_machine_is_theirs() -> None:
    left = said(
        RecordingSid="RE1",
        RecordingUrl="https://api.twilio.com/rec/RE1",
        RecordingStatus="completed",
        RecordingSource="RecordVerb",
    )
    assert left.author_kind == "customer"
    assert left.attachments == (
        Attachment("audio", media_id="RE1", url="https://api.twilio.com/rec/RE1"),
    )
    text = said(TranscriptionSid="TR1", TranscriptionText="hello", TranscriptionStatus="completed")
    assert text.text == "hello"


@pytest.mark.parametrize(
    ("track", "kind"), [("inbound_track", "customer"), ("outbound_track", "agent")]
)
def test_a_live_transcript_is_a_message_a_turn(track: str, kind: str) -> None:
    fields = {
        "TranscriptionEvent": "transcription-content",
        "TranscriptionData": json.dumps({"transcript": "good morning", "confidence": 0.9}),
        "Track": track,
        "SequenceId": "4",
        "LanguageCode": "en-US",
    }
    turn = said(**fields, Final="true")
    assert (turn.author_kind, turn.text, turn.language_hint) == (kind, "good morning", "en-US")
    partial = parse(CallSid="CA1", From="a", **fields, Final="false").body
    assert isinstance(partial, UnrecognisedEvent)
    assert partial.type == "transcription.transcription-content"


def test_an_event_stream_brings_many_and_one_unknown_stops_nothing() -> None:
    first, second, third = sample("event_stream.json")
    assert isinstance(first.body, WrittenMessage)
    assert (first.body.text, first.occurred_at_us) == ("hello", AT_US - 1_000_000)
    assert second.body == Receipt("delivered", ("SM10",))
    assert second.occurred_at_us == AT_US + 4_000_000
    assert isinstance(third.body, UnrecognisedEvent)
    assert (third.body.type, third.event_id) == ("com.twilio.studio.flow.step.ended", "EZ03")


def test_a_stream_tells_of_calls_in_the_callbacks_own_fields() -> None:
    parameters = {
        "CallSid": "CA1",
        "From": "+49170",
        "To": "+4930",
        "Direction": "inbound",
        "CallStatus": "completed",
        "CallDuration": "62",
    }
    entry = {
        "type": "com.twilio.voice.status-callback.call.completed",
        "id": "EZ9",
        "time": "2026-01-31T08:00:00Z",
        "data": {"request": {"method": "POST", "parameters": parameters}},
    }
    [event] = CHANNEL.parse(InboundRequest(json.dumps([entry]).encode()))
    assert isinstance(event.body, CallStep)
    assert (event.body.phase, event.body.duration_us) == ("ended", 62_000_000)
    assert (event.event_id, event.occurred_at_us) == ("CA1:ended", AT_US)


def test_a_conversation_is_a_thread_of_many() -> None:
    base = {
        "ConversationSid": "CH1",
        "MessageSid": "IM1",
        "Author": "+49170",
        "DateCreated": "2026-01-31T08:00:00.000Z",
    }
    event = parse(
        **base,
        EventType="onMessageAdded",
        Body="hi",
        Source="SMS",
        Media=json.dumps(
            [{"Sid": "ME1", "ContentType": "image/png", "Filename": "a.png", "Size": 5}]
        ),
    )
    assert isinstance(event.body, WrittenMessage)
    assert (event.thread_id, event.author_id, event.occurred_at_us) == ("CH1", "+49170", AT_US)
    assert event.body.attachments == (Attachment("image", "ME1", "", "image/png", "a.png", 5),)
    desk = parse(**base | {"Author": "anna"}, EventType="onMessageAdded", Body="yes", Source="API")
    assert isinstance(desk.body, WrittenMessage)
    assert desk.body.author_kind == "agent"
    edited = parse(
        **base, EventType="onMessageUpdated", Body="hi!", DateUpdated="2026-01-31T08:00:05Z"
    )
    assert isinstance(edited.body, WrittenMessage)
    assert (edited.body.edited, edited.occurred_at_us) == (True, AT_US + 5_000_000)
    assert parse(**base, EventType="onMessageRemoved").body == MessageDeletion("IM1")
    read = parse(**base, EventType="onDeliveryUpdated", Status="read")
    assert read.body == Receipt("read", ("IM1",))


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"&".join([b"a=1"] * 3_000)])
def test_what_is_no_request_of_twilios_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


NAMES = st.sampled_from(
    [
        "CallSid", "CallStatus", "MessageSid", "From", "To", "SmsStatus", "Latitude", "Longitude",
        "ConversationSid", "EventType", "Media", "QueueSid", "QueueResult", "QueueTime", "Digits",
        "TranscriptionText", "RecordingSid", "RecordingStatus", "Timestamp", "MediaUrl0", "Final",
        "TranscriptionEvent", "TranscriptionData", "StatusCallbackEvent", "CallDuration", "data",
        "type", "time", "id",
    ]
)  # fmt: skip


@given(
    st.binary()
    | st.dictionaries(NAMES, st.text()).map(lambda one: urlencode(one, errors="replace").encode())
)
def test_any_form_is_read_or_turned_down(body: bytes) -> None:
    try:
        assert CHANNEL.parse(InboundRequest(body))
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, JSON) | st.lists(st.dictionaries(NAMES, JSON), min_size=1))
def test_any_stream_is_read_or_turned_down(value: object) -> None:
    try:
        CHANNEL.parse(InboundRequest(json.dumps(value).encode()))
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
