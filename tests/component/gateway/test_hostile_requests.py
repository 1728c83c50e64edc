"""Requests that prove themselves and hold what nobody expects: kept, told, no harm to others."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.adapters.blob_folder import BlobFolder
from services.gateway.adapters.returned_payloads import ReturnedPayloads
from services.gateway.channels.telegram import TelegramChannel
from services.gateway.domain.account import Account
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import (
    IncomingBody,
    IncomingEvent,
    StatusChange,
    UnrecognisedEvent,
    WrittenMessage,
)
from services.gateway.fitting import LARGEST_EVENT_BYTES, LARGEST_TEXT_BYTES
from services.gateway.records import RETURNED
from services.kernel.topics import topic

LETTERS = topic(RETURNED).dead_letter or ""
BOT = Account("acme", "bot", "telegram", TelegramChannel.settings(("token",)), "acme")
TOKEN = {"x-telegram-bot-api-secret-token": "token"}

Parse = Callable[[TelegramChannel, InboundRequest], Sequence[IncomingEvent]]


def event(body: IncomingBody, event_id: str = "1") -> IncomingEvent:
    return IncomingEvent(event_id, "telegram", "c-1", body, None)


def written(text: str) -> WrittenMessage:
    return WrittenMessage("m-1", "customer", "Ana", text)


async def update(gateway: Any, body: bytes) -> int:
    answer = await gateway.http.post("/v1/telegram/acme/bot", data=body, headers=TOKEN)
    return int(answer.status)


async def test_what_a_parser_fails_on_is_kept_as_a_letter(
    gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: TelegramChannel, request: InboundRequest) -> Sequence[IncomingEvent]:
        raise ZeroDivisionError(request.body)

    monkeypatch.setattr(TelegramChannel, "parse", fail)
    assert await update(gateway, b'{"update_id": 1, "secret": "word"}') == 200
    [letter] = gateway.records(LETTERS)
    assert Payload.FromString(letter.value).body == b'{"update_id": 1, "secret": "word"}'
    reason = dict(letter.headers)["careline-reason"]
    assert b"ZeroDivisionError" in reason
    assert b"word" not in reason


async def test_an_event_that_cannot_be_told_is_recorded_beside_the_others(gateway: Any) -> None:
    await gateway.publisher.wait_until_direct()
    good = event(written("hello"), "2")
    await gateway.intake.take(BOT, [event(written("half \ud800")), good], b"raw")
    [broken, told] = gateway.events()
    assert broken.unrecognised.type == "WrittenMessage.unreadable"
    assert b"half" in broken.unrecognised.payload
    assert broken.raw_ref
    assert told.message.text == "hello"


async def test_a_text_that_is_too_long_for_the_log_hangs_on_its_message(gateway: Any) -> None:
    whole = "情" * (3 * 1024 * 1024)
    await gateway.intake.take(BOT, [event(written(whole))])
    [told] = gateway.events()
    assert whole.startswith(told.message.text)
    assert LARGEST_TEXT_BYTES - 3 < len(told.message.text.encode()) <= LARGEST_TEXT_BYTES
    [rest] = told.message.attachments
    assert (rest.name, rest.media_type) == ("text.txt", "text/plain")
    assert await gateway.blobs.get(rest.blob_ref) == whole.encode()


async def test_what_is_not_recognised_and_large_lies_in_the_blob_store(gateway: Any) -> None:
    raw = bytes(5 * 1024 * 1024)
    await gateway.intake.take(BOT, [event(UnrecognisedEvent("mail", raw))])
    [told] = gateway.events()
    assert told.unrecognised.payload == b""
    assert await gateway.blobs.get(told.raw_ref) == raw


async def test_what_is_too_large_in_any_other_way_is_told_as_such(gateway: Any) -> None:
    change = StatusChange("solved", assignee="x" * (LARGEST_EVENT_BYTES + 1))
    await gateway.intake.take(BOT, [event(change)])
    [told] = gateway.events()
    assert told.unrecognised.type == "status_changed.too_large"
    assert len(await gateway.blobs.get(told.raw_ref)) > LARGEST_EVENT_BYTES


async def test_a_request_that_takes_long_to_read_holds_up_nobody(
    gateway: Any, message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_: TelegramChannel, request: InboundRequest) -> Sequence[IncomingEvent]:
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            json.loads(request.body)
        return [event(written("slow"))]

    monkeypatch.setattr(TelegramChannel, "parse", slow)
    body = json.dumps({"update_id": 1, "text": "x" * 20_000}).encode()
    reading = asyncio.create_task(update(gateway, body))
    for number in range(5):
        assert (await gateway.post(message(), webhook_id=f"msg_{number}")).status == 202
    assert not reading.done()
    assert await reading == 200


async def test_while_blobs_cannot_be_kept_senders_are_told_to_come_back(
    gateway: Any, message: Any, tmp_path: Any
) -> None:
    (tmp_path / "blobs").write_bytes(b"no folder")
    gateway.intake._blobs = BlobFolder(tmp_path / "blobs")
    answer = await gateway.post(message("x" * 100_000))
    assert answer.status == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    "value",
    [
        Payload(channel="carrier_pigeon", body=b"coo").SerializeToString(),
        Payload(channel="telegram", account_id="gone", body=b"{}").SerializeToString(),
        b"\xff\xff no payload",
    ],
)
async def test_what_is_returned_and_cannot_be_taken_is_a_letter_again(
    gateway: Any, value: bytes
) -> None:
    await gateway.publisher.wait_until_direct()
    await ReturnedPayloads("unused", gateway.intake).take(value)
    [letter] = gateway.records(LETTERS)
    assert Payload.FromString(letter.value).body
