from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import pytest
from prometheus_client import REGISTRY

from careline.gateway.v1.payload_pb2 import Payload, PayloadBatch
from services.gateway.channels.telegram import TelegramChannel
from services.kernel.lane.records import CONTENT_TYPE, SCHEMA
from services.kernel.partitioning import partition_of

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def counted(outcome: str, channel: str = "webhook") -> float:
    labels = {"channel": channel, "outcome": outcome}
    return REGISTRY.get_sample_value("careline_gateway_requests_total", labels) or 0.0


async def test_a_signed_message_is_accepted_and_published(gateway: Any, message: Any) -> None:
    answer = await gateway.post(message(), traceparent=TRACE)
    assert answer.status == 202
    assert await answer.json() == {"accepted": 1, "duplicates": 0}
    [record] = gateway.records()
    [event] = gateway.events()
    assert event.message.text == "where is my bag"
    assert event.traceparent.split("-")[1] == TRACE.split("-")[1]
    assert record.partition == partition_of("acme/webhook/t-1", 4)
    assert (record.topic, record.key) == ("intake.event-accepted.v1", None)
    assert record.timestamp_ms == gateway.clock.now_us() // 1_000
    headers = dict(record.headers)
    assert headers["content-type"] == CONTENT_TYPE
    assert headers["careline-schema"] == SCHEMA
    assert headers["traceparent"].decode() == event.traceparent


async def test_a_trace_begins_here_when_none_came_along(gateway: Any, message: Any) -> None:
    await gateway.post(message(), traceparent="garbage")
    assert len(gateway.events()[0].traceparent) == len(TRACE)


async def test_a_repeated_event_is_counted_and_not_published_again(
    gateway: Any, message: Any
) -> None:
    await gateway.post(message())
    answer = await gateway.post(message())
    assert answer.status == 202
    assert await answer.json() == {"accepted": 0, "duplicates": 1}
    assert len(gateway.events()) == 1


async def test_a_wrong_signature_is_refused_and_counted(gateway: Any, message: Any) -> None:
    before = counted("refused")
    answer = await gateway.post(message(), secret="whsec_" + "b3RoZXIg" * 4)
    assert answer.status == 401
    assert "no signature" in (await answer.json())["error"]
    assert counted("refused") == before + 1
    assert gateway.events() == []
    [shop, *_] = [gateway.intake.tally(one) for one in gateway.intake._accounts]
    assert (shop.accepted, shop.refused) == (0, 1)


async def test_an_account_without_a_secret_refuses_everybody(gateway: Any, message: Any) -> None:
    answer = await gateway.post(message(), account="open")
    assert answer.status == 403
    assert "no secret" in (await answer.json())["error"]


async def test_an_unknown_account_is_refused(gateway: Any, message: Any) -> None:
    before = counted("refused")
    answer = await gateway.post(message(), account="nobody")
    assert answer.status == 404
    assert counted("refused") == before + 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "type"),
        (b'{"type": "message.received", "data": {"thread_id": 1}}', "data.author"),
    ],
)
async def test_what_is_not_understood_is_answered_with_its_place(
    gateway: Any, body: bytes, field: str
) -> None:
    before = counted("invalid")
    answer = await gateway.post(body)
    assert answer.status == 400
    said = await answer.json()
    assert said["field"] == field
    assert "Traceback" not in said["error"]
    assert counted("invalid") == before + 1


async def test_an_unknown_type_is_recorded(gateway: Any) -> None:
    answer = await gateway.post(b'{"type": "points.granted", "score": 5}')
    assert answer.status == 202
    [event] = gateway.events()
    assert event.unrecognised.type == "points.granted"
    assert event.unrecognised.payload == b'{"type": "points.granted", "score": 5}'


async def test_what_was_sent_is_kept_as_it_came_and_named_by_the_event(
    gateway: Any, message: Any
) -> None:
    await gateway.post(message())
    [event] = gateway.events()
    [record] = gateway.records("intake.payload-kept.v1")
    [payload] = PayloadBatch.FromString(record.value).payloads
    assert json.loads(payload.body) == message()
    assert (payload.organisation_id, payload.channel, payload.account_id) == (
        "acme",
        "webhook",
        "shop",
    )
    digest = blake2b(payload.body, digest_size=16).hexdigest()
    assert event.raw_ref == f"intake.payload-kept.v1/{payload.received_at_us}/{digest}"
    assert dict(payload.headers)["webhook-id"] == "msg_1"
    assert "webhook-signature" not in payload.headers


async def test_a_large_payload_is_kept_outside_of_the_log(gateway: Any, message: Any) -> None:
    body = json.dumps(message("x" * 70_000)).encode()
    await gateway.post(body)
    [event] = gateway.events()
    assert gateway.blobs.kept == {event.raw_ref: body}
    assert gateway.records("intake.payload-kept.v1") == []


async def test_what_a_platform_sends_and_nobody_understands_becomes_a_dead_letter(
    gateway: Any,
) -> None:
    before = counted("kept", "telegram")
    answer = await gateway.http.post(
        "/v1/telegram/acme/bot",
        data=b'{"no": "update"}',
        headers={"X-Telegram-Bot-Api-Secret-Token": "token"},
    )
    assert answer.status == 200
    assert gateway.events() == []
    [letter] = gateway.records("intake.payload-returned.v1.dlq")
    assert Payload.FromString(letter.value).body == b'{"no": "update"}'
    assert dict(letter.headers)["careline-reason"] == b"update_id is missing"
    assert counted("kept", "telegram") == before + 1


async def test_a_dead_letter_that_is_understood_later_becomes_its_event(gateway: Any) -> None:
    payload = Payload(
        organisation_id="acme",
        channel="telegram",
        account_id="bot",
        body=json.dumps({"update_id": 7, "poll": {"id": "1"}}).encode(),
    )
    taken = await gateway.intake.retake(TelegramChannel(), payload)
    assert taken.accepted == 1
    [event] = gateway.events()
    assert event.event_id == "telegram:bot:7"


async def test_a_dead_letter_that_is_still_not_understood_is_one_again(gateway: Any) -> None:
    await gateway.publisher.wait_until_direct()
    payload = Payload(organisation_id="acme", channel="telegram", account_id="bot", body=b"?")
    taken = await gateway.intake.retake(TelegramChannel(), payload)
    assert taken.kept
    assert len(gateway.records("intake.payload-returned.v1.dlq")) == 1


async def test_a_body_of_more_than_a_mebibyte_is_too_large(gateway: Any, message: Any) -> None:
    before = counted("too_large")
    answer = await gateway.post(message("x" * (1024 * 1024)))
    assert answer.status == 413
    assert counted("too_large") == before + 1


async def test_a_body_of_exactly_a_mebibyte_is_taken(gateway: Any) -> None:
    start = b'{"type": "large", "x": "'
    body = start + b"x" * (1024 * 1024 - len(start) - 2) + b'"}'
    assert (await gateway.post(body)).status == 202
    assert await gateway.blobs.get(gateway.events()[0].raw_ref) == body


async def test_a_telegram_update_is_accepted_by_its_token(gateway: Any) -> None:
    update = {
        "update_id": 5,
        "message": {
            "message_id": 1,
            "date": 1_767_225_000,
            "chat": {"id": 42},
            "from": {"id": 42, "first_name": "Ana"},
            "text": "hola",
        },
    }
    address = "/v1/telegram/acme/bot"
    refused = await gateway.http.post(address, json=update)
    assert refused.status == 401
    headers = {"X-Telegram-Bot-Api-Secret-Token": "token"}
    taken = await gateway.http.post(address, json=update, headers=headers)
    assert await taken.json() == {"accepted": 1, "duplicates": 0}
    [event] = gateway.events()
    assert (event.event_id, event.thread_key) == ("telegram:bot:5", "acme/telegram/42")
    assert event.occurred_at_us == 1_767_225_000_000_000


async def test_the_two_schemes_do_not_open_each_others_accounts(gateway: Any) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": "token"}
    answer = await gateway.http.post("/v1/webhooks/acme/bot", json={}, headers=headers)
    assert answer.status == 404


async def test_only_posts_are_answered(gateway: Any) -> None:
    assert (await gateway.http.get("/v1/webhooks/acme/shop")).status == 405
