from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.base import SecretSettings
from services.gateway.channels.freeswitch import FreeswitchChannel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import CallStep, IncomingEvent

CHANNEL = FreeswitchChannel()
SAMPLES = Path(__file__).parent / "samples"
AT_US = 1_769_846_400_000_000  # 2026-01-31T08:00:00Z
SECOND_US = 1_000_000


def load(name: str, **variables: Any) -> dict[str, Any]:
    record = dict(json.loads((SAMPLES / name).read_text(encoding="utf-8")))
    record["variables"] |= variables
    return record


def parse(record: object) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(json.dumps(record).encode()))


def steps(record: object) -> list[CallStep]:
    return [event.body for event in parse(record) if isinstance(event.body, CallStep)]


def test_one_record_tells_every_step_of_the_leg() -> None:
    told = [
        (event.body.phase, (event.occurred_at_us or 0) - AT_US, event.body.duration_us)
        for event in parse(load("queue.json"))
        if isinstance(event.body, CallStep)
    ]
    assert told == [
        ("offered", 250_000, 0),
        ("in_menu", SECOND_US, 0),
        ("queued", 20 * SECOND_US, 19 * SECOND_US),
        ("answered", 50 * SECOND_US, 30 * SECOND_US),
        ("held", 100 * SECOND_US, 15_486_602),
        ("ended", 240_500_000, 190_500_000),
    ]


def test_a_step_names_the_caller_the_queue_and_the_agent() -> None:
    record = load("queue.json")
    assert {event.thread_id for event in parse(record)} == {"+3610000001"}
    last = steps(record)[-1]
    assert (last.caller, last.callee, last.call_id) == ("+3610000001", "3000", "leg-a")
    assert (last.queue, last.agent) == ("baggage@default", "1001@default")
    assert (last.reason, last.recording_url) == ("NORMAL_CLEARING", "/rec/leg-a.wav")


def test_who_hung_up_in_the_queue_has_abandoned() -> None:
    record = load(
        "queue.json",
        cc_queue_answered_epoch="",
        cc_queue_canceled_epoch="1769846460",
        cc_cancel_reason="BREAK_OUT",
    )
    last = steps(record)[-1]
    assert (last.phase, last.duration_us) == ("abandoned", 40 * SECOND_US)
    assert (last.queue, last.reason) == ("baggage@default", "BREAK_OUT")


def test_an_agents_leg_belongs_to_the_callers_call() -> None:
    told = steps(load("agent_leg.json"))
    assert [one.phase for one in told] == ["offered", "answered", "ended"]
    assert {(one.call_id, one.leg_id, one.outbound) for one in told} == {("leg-a", "leg-b", False)}
    assert (told[1].agent, told[1].duration_us) == ("1001", 10 * SECOND_US)
    assert {event.thread_id for event in parse(load("agent_leg.json"))} == {"+3610000001"}


def test_a_call_of_ours_belongs_to_who_was_called() -> None:
    record = load("agent_leg.json", originator="", originating_leg_uuid="", sip_to_user="+3670")
    record["callflow"][0]["caller_profile"].pop("originator")
    record["variables"]["origination_caller_id_number"] = "+361"
    told = steps(record)
    assert {(one.outbound, one.caller, one.callee) for one in told} == {(True, "+361", "+3670")}
    assert {event.thread_id for event in parse(record)} == {"+3670"}


def test_a_transfer_is_told_by_the_flow_that_it_ended() -> None:
    record = load("queue.json")
    [old] = record["callflow"]
    new = json.loads(json.dumps(old))
    old["times"]["transfer_time"] = "1769846470000000"
    new["caller_profile"]["destination_number"] = "4000"
    for flows in ([new, old],):
        record["callflow"] = flows
        [moved] = [one for one in steps(record) if one.phase == "transferred"]
        assert moved.agent == "4000"
        assert steps(record)[0].callee == "3000"


def test_flows_under_one_repeated_name_are_all_read() -> None:
    record = load("queue.json")
    [old] = record.pop("callflow")
    new = json.loads(json.dumps(old))
    new["caller_profile"]["destination_number"] = "4000"
    text = json.dumps(record)[:-1]
    text += f', "callflow": {json.dumps(new)}, "callflow": {json.dumps(old)}}}'
    [first, *_] = CHANNEL.parse(InboundRequest(text.encode()))
    assert isinstance(first.body, CallStep)
    assert first.body.callee == "3000"


def test_every_encoding_of_the_module_is_undone() -> None:
    plain = (SAMPLES / "queue.json").read_bytes()
    expected = CHANNEL.parse(InboundRequest(plain))
    for body in (
        b"cdr=" + quote(plain).encode(),
        b"uuid=a_leg-a&cdr=" + quote_plus(plain).encode(),
        b"cdr=" + b64encode(plain),
        b"cdr=" + quote(b64encode(plain)).encode(),
        b"cdr=" + quote(quote(plain)).encode(),
    ):
        assert CHANNEL.parse(InboundRequest(body)) == expected


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"{", b"[]", b"cdr=", b"cdr=%%", b"x=1", b'{"variables": 5}', b"[" * 99_999],
)
def test_what_is_no_record_is_turned_down(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        CHANNEL.parse(InboundRequest(body))


def test_the_secret_is_the_password_of_the_modules_credentials() -> None:
    settings = SecretSettings(secrets=("s3cret",))
    good = {"authorization": "Basic " + b64encode(b"freeswitch:s3cret").decode()}
    CHANNEL.verify(InboundRequest(b"", good), settings, 0)
    CHANNEL.verify(InboundRequest(b"", {"x-secret": "s3cret"}), settings, 0)
    for headers in (
        {},
        {"authorization": "Basic " + b64encode(b"freeswitch:s3creu").decode()},
        {"authorization": "Basic ?"},
        {"x-secret": "s3cret\udce9"},
    ):
        with pytest.raises(RefusedError):
            CHANNEL.verify(InboundRequest(b"", headers), settings, 0)


NAMES = st.sampled_from(
    [
        "variables", "callflow", "times", "caller_profile", "uuid", "start_uepoch", "end_uepoch",
        "answer_uepoch", "cc_queue_joined_epoch", "hold_accum_usec", "originator", "direction",
        "transfer_time", "destination_number", "caller_id_number", "cc_queue_answered_epoch",
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.sampled_from(["1769846400", "1769846400250000", "outbound", "%zz"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(NAMES, JSON).map(lambda one: {"variables": one, "callflow": [one]}) | JSON)
def test_any_record_is_read_or_turned_down(record: object) -> None:
    try:
        assert parse(record)
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not


@given(st.binary() | st.binary().map(lambda one: b"cdr=" + one))
def test_any_bytes_are_read_or_turned_down(body: bytes) -> None:
    try:
        CHANNEL.parse(InboundRequest(body))
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
