"""What every speech-to-text adapter does: one suite over a made-up one and the real one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from services.gateway.adapters.ready_transcripts import ReadyTranscripts
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.transcripts import Transcript, Turn, to_events
from services.gateway.ports_speech import Recording, SpeechToText, SpeechUnavailableError

AT_US = 1_769_846_400_000_000
TURNS = (Turn("agent", "Hello", 0), Turn("customer", "Hi, my bag is lost", 2_500_000))
RECORDING = Recording("call/7", language_hint="en", began_at_us=AT_US)

PLAIN = {
    "call_id": "call/7",
    "turns": [
        {"speaker": "customer", "text": "Hi, my bag is lost", "start_seconds": 2.5},
        {"speaker": "agent", "text": "Hello", "start_seconds": 0},
    ],
}
CONTACT_LENS = {
    "CustomerMetadata": {"ContactId": "call/7"},
    "Participants": [{"ParticipantId": "C", "ParticipantRole": "CUSTOMER"}],
    "Transcript": [
        {"ParticipantId": "AGENT", "Content": "Hello", "BeginOffsetMillis": 0},
        {"ParticipantId": "C", "Content": "Hi, my bag is lost", "BeginOffsetMillis": 2500},
    ],
}


class MadeUp:
    """Knows one call by heart."""

    async def transcribe(self, recording: Recording) -> Transcript | None:
        if recording.call_id != "call/7":
            return None
        return Transcript(recording.call_id, TURNS, recording.language_hint, recording.began_at_us)


def ready(document: object) -> SpeechToText:
    async def fetch(address: str) -> bytes | None:
        return json.dumps(document).encode() if address == "s3://calls/call%2F7.json" else None

    return ReadyTranscripts(fetch, "s3://calls/{call_id}.json")


@pytest.fixture(params=["made up", "plain", "contact lens"])
def speech(request: pytest.FixtureRequest) -> SpeechToText:
    makers: dict[str, Callable[[], SpeechToText]] = {
        "made up": MadeUp,
        "plain": lambda: ready(PLAIN),
        "contact lens": lambda: ready(CONTACT_LENS),
    }
    return makers[request.param]()


async def test_a_recording_becomes_its_turns_in_order(speech: SpeechToText) -> None:
    assert await speech.transcribe(RECORDING) == Transcript("call/7", TURNS, "en", AT_US)


async def test_the_same_recording_gives_the_same_messages(speech: SpeechToText) -> None:
    first, again = await speech.transcribe(RECORDING), await speech.transcribe(RECORDING)
    assert first is not None
    assert again is not None
    events = to_events(first, channel="phone", thread_id="+361", customer_id="+361")
    assert events == to_events(again, channel="phone", thread_id="+361", customer_id="+361")
    assert [event.occurred_at_us for event in events] == [AT_US, AT_US + 2_500_000]
    assert [event.author_id for event in events] == ["", "+361"]


async def test_a_call_without_a_transcript_has_none_yet(speech: SpeechToText) -> None:
    assert await speech.transcribe(Recording("call/8")) is None


async def test_a_file_that_is_no_transcript_is_told() -> None:
    with pytest.raises(InvalidRequestError, match="no transcript"):
        await ready({"turns": 5}).transcribe(RECORDING)


async def test_trouble_outside_goes_up() -> None:
    async def fetch(address: str) -> bytes | None:
        raise SpeechUnavailableError(address)

    with pytest.raises(SpeechUnavailableError):
        await ReadyTranscripts(fetch, "x/{call_id}").transcribe(RECORDING)


def test_an_address_without_a_place_for_the_call_is_refused() -> None:
    with pytest.raises(ValueError, match="call_id"):
        ready_at("https://x.example/all.json")


def ready_at(address: str) -> ReadyTranscripts:
    async def fetch(address: str) -> bytes | None:
        return None

    return ReadyTranscripts(fetch, address)
