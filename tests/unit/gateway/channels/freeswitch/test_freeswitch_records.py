"""The same leg in XML, as variables alone, and as the event socket's events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from services.gateway.channels.freeswitch import FreeswitchChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import CallStep, IncomingEvent, UnrecognisedEvent

CHANNEL = FreeswitchChannel()
RECORD = (Path(__file__).parent / "samples" / "record.xml").read_bytes()
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
EVENT: dict[str, Any] = {
    "Event-Name": "CHANNEL_HANGUP_COMPLETE", "Core-UUID": "core-1", "Unique-ID": "leg-e",
    "Call-Direction": "inbound", "Hangup-Cause": "NORMAL_CLEARING",
    "Event-Date-Timestamp": "1769846470000000",
    "Caller-Caller-ID-Number": "+36700000001", "Caller-Destination-Number": "3000",
    "Caller-Channel-Created-Time": "1769846400000000",
    "Caller-Channel-Answered-Time": "1769846402000000",
    "Caller-Channel-Bridged-Time": "1769846410000000",
    "Caller-Channel-Hangup-Time": "1769846470000000",
    "variable_record_file": "/rec/leg-e.wav",
}  # fmt: skip


def parse(body: bytes) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(body))


def told(body: bytes) -> list[tuple[str, int]]:
    return [
        (event.body.phase, (event.occurred_at_us or 0) - AT_US)
        for event in parse(body)
        if isinstance(event.body, CallStep)
    ]


WHOLE = [("offered", 0), ("in_menu", 2_000_000), ("answered", 10_000_000), ("ended", 70_000_000)]


def test_a_record_in_xml_tells_the_same_also_within_a_form() -> None:
    for body in (RECORD, urlencode({"cdr": RECORD.decode()}).encode()):
        assert told(body) == WHOLE
        assert {event.author_id for event in parse(body)} == {"+36700000001"}


def test_variables_alone_are_a_record() -> None:
    variables = {"uuid": "leg-v", "direction": "inbound", "start_epoch": "1769846400",
                 "end_epoch": "1769846470", "caller_id_number": "5551"}  # fmt: skip
    for value in (variables, {"cdr": {"variables": variables}}):
        assert told(json.dumps(value).encode()) == [("offered", 0), ("abandoned", 70_000_000)]


def test_the_sockets_last_event_tells_the_whole_leg() -> None:
    assert told(json.dumps(EVENT).encode()) == WHOLE
    last = parse(json.dumps(EVENT).encode())[-1].body
    assert isinstance(last, CallStep)
    assert (last.call_id, last.callee, last.recording_url) == ("leg-e", "3000", "/rec/leg-e.wav")


def test_an_event_in_lines_is_read() -> None:
    lines = "".join(f"{name}: {value.replace('+', '%2B')}\n" for name, value in EVENT.items())
    assert told(lines.encode()) == WHOLE
    assert parse(lines.encode())[0].author_id == "+36700000001"


@pytest.mark.parametrize(
    ("name", "phases"),
    [("CHANNEL_CREATE", ["offered"]), ("CHANNEL_BRIDGE", ["answered"])],
)
def test_an_earlier_event_tells_its_own_step_only(name: str, phases: list[str]) -> None:
    assert [phase for phase, _ in told(json.dumps(EVENT | {"Event-Name": name}).encode())] == phases


def test_a_leg_that_was_dialled_for_a_caller_belongs_to_their_call() -> None:
    dialled = EVENT | {"Other-Type": "originator", "Other-Leg-Unique-ID": "leg-a"}
    event = parse(json.dumps(dialled | {"Call-Direction": "outbound"}).encode())[0]
    assert isinstance(event.body, CallStep)
    assert (event.body.call_id, event.body.leg_id) == ("leg-a", "leg-e")


def test_an_event_of_another_kind_is_kept() -> None:
    [event] = parse(json.dumps(EVENT | {"Event-Name": "HEARTBEAT"}).encode())
    assert isinstance(event.body, UnrecognisedEvent)
    assert (event.body.type, event.occurred_at_us) == ("HEARTBEAT", AT_US + 70_000_000)


@pytest.mark.parametrize(
    "body",
    [
        b"<cdr>",
        b"<cdr/>",
        b'<!DOCTYPE cdr [<!ENTITY a "b">]><cdr><variables><uuid>&a;</uuid></variables></cdr>',
        b"<cdr>" * 50_000,
        b"Event-Name",
        b'{"cdr": {}}',
    ],
)
def test_what_is_no_record_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse(body)
