"""Bad input gets a clear answer, is counted, and loses nothing."""

from __future__ import annotations

import http.client

import pytest
from elasticsearch import Elasticsearch
from kafka import KafkaProducer

from deploy.local.stack import LocalStack
from tests.e2e.conftest import Careline, eventually
from tests.e2e.webhooks import Desk


@pytest.fixture
def desk(whole_stack: LocalStack) -> Desk:
    return Desk(whole_stack)


def refused(stack: LocalStack) -> float:
    connection = http.client.HTTPConnection(
        "127.0.0.1", stack.service_ports("gateway").metrics, timeout=30
    )
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("careline_gateway_requests_total") and 'outcome="refused"' in line
    )


def test_a_wrong_signature_is_refused_and_counted(whole_stack: LocalStack, desk: Desk) -> None:
    before = refused(whole_stack)
    answer = desk.post("wrong-1", b"{}", signature="v1,bm90IGEgc2lnbmF0dXJl")
    assert answer.status == 401
    assert refused(whole_stack) == before + 1


@pytest.mark.parametrize("body", [b"{not json", b"[]", b'{"type": 7}'])
def test_garbage_gets_a_reason_and_never_a_trace(desk: Desk, body: bytes) -> None:
    answer = desk.post("garbage", body)
    assert answer.status == 400
    text = str(answer.body)
    assert "Traceback" not in text
    assert len(text) > 10


def test_an_unknown_field_is_ignored(desk: Desk) -> None:
    answer = desk.send(
        "field-1",
        "message.received",
        thread_id="field-1",
        message_id="field-1",
        text="hello",
        author={"id": "field-customer", "shoe_size": 43},
        weather="fine",
    )
    assert answer.status == 202


def test_an_unknown_event_type_is_recorded(whole_stack: LocalStack, desk: Desk) -> None:
    assert desk.send("odd-1", "loyalty.points-granted", points=7).status == 202
    with Elasticsearch(whole_stack.env["CARELINE_ELASTICSEARCH"]) as client:

        def recorded() -> int:
            client.indices.refresh(index="careline-events")
            found = client.count(index="careline-events", query={"term": {"kind": "unrecognised"}})
            return int(found["count"])

        assert eventually(recorded) == 1


def test_what_cannot_be_parsed_downstream_can_be_seen_and_replayed(
    whole_stack: LocalStack, careline: Careline
) -> None:
    producer = KafkaProducer(bootstrap_servers=whole_stack.env["CARELINE_KAFKA"])
    producer.send("conversation.event-recorded.v1", b"\xff\xff", partition=0).get(timeout=30)
    producer.close()
    name = "conversation.event-recorded.v1.dlq"

    def waiting() -> int:
        return int(careline("status")["dead_letters"][name])

    assert eventually(waiting) == 1
    (letter,) = careline("dead-letters", "list", name)
    assert letter["reason"] == "the record is not an EventBatch"
    assert careline("dead-letters", "replay", name) == {"replayed": {name: 1}}
    # It is as bad as before: the lane puts it aside again, and nothing else is disturbed.
    assert eventually(waiting) == 1
    assert careline("status")["healthy"] is True
