from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY

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
    [record] = gateway.log.records
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
    answer = await gateway.post(b'{"type": "survey.answered", "score": 5}')
    assert answer.status == 202
    [event] = gateway.events()
    assert event.unrecognised.type == "survey.answered"
    assert event.unrecognised.payload == b'{"type": "survey.answered", "score": 5}'


async def test_a_body_of_more_than_a_mebibyte_is_too_large(gateway: Any, message: Any) -> None:
    before = counted("too_large")
    answer = await gateway.post(message("x" * (1024 * 1024)))
    assert answer.status == 413
    assert counted("too_large") == before + 1


async def test_a_body_of_exactly_a_mebibyte_is_taken(gateway: Any) -> None:
    start = b'{"type": "large", "x": "'
    body = start + b"x" * (1024 * 1024 - len(start) - 2) + b'"}'
    assert (await gateway.post(body)).status == 202
    assert len(gateway.events()[0].unrecognised.payload) == 1024 * 1024


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
