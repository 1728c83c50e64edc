"""From an agent's request through every lane to the platform, and back into the conversation."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition
from standardwebhooks import Webhook

from careline.channel.v1.replies_pb2 import ReplyState
from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import Event, EventBatch
from deploy.local.ports import free_port, free_ports
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock, to_iso

RECORDED = "conversation.event-recorded.v1"
LANES = ("conversation", "insight", "identity-assign", "gateway-sender", "gateway")
DESK_SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
ACCOUNTS = """
accounts:
  - {{organisation: acme, account: desk, channel: webhook, secret: {desk}}}
  - {{organisation: acme, account: acmehelp, channel: telegram, secret: telegram-secret,
      settings: {{bot_token: "7:bot", api_base: "http://127.0.0.1:{port}", sign: name}}}}
"""
CHAT = 41190


@pytest.fixture(scope="module")
def platform_port() -> int:
    return free_port(set())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, platform_port: int) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("way-out")
    accounts = folder / "accounts.yaml"
    text = ACCOUNTS.format(desk=DESK_SECRET, port=platform_port)
    accounts.write_text(text, encoding="utf-8")
    services = [spec for spec in SERVICES if spec.name in LANES]
    with LocalStack(
        folder / "run",
        ports=free_ports(services),
        services=services,
        with_elasticsearch=False,
        env={"CARELINE_ACCOUNTS": str(accounts)},
    ) as stack:
        yield stack


@pytest.fixture
async def sent(platform_port: int) -> AsyncIterator[list[dict[str, Any]]]:
    """What the platform was asked to send."""
    messages: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        messages.append({**await request.json(), "token": request.match_info["token"]})
        return web.json_response({"ok": True, "result": {"message_id": 512}})

    app = web.Application()
    app.router.add_post("/bot{token}/sendMessage", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", platform_port).start()
    yield messages
    await runner.cleanup()


async def write(stack: LocalStack, session: aiohttp.ClientSession) -> None:
    """Let the customer write, as Telegram tells of it."""
    update = {
        "update_id": 9001,
        "message": {
            "message_id": 511,
            "date": SystemClock().now_us() // 1_000_000,
            "chat": {"id": CHAT, "type": "private", "first_name": "Mia"},
            "from": {"id": CHAT, "is_bot": False, "first_name": "Mia"},
            "text": "Where is my bag?",
        },
    }
    url = f"http://127.0.0.1:{stack.service_ports('gateway').http}/v1/telegram/acme/acmehelp"
    headers = {"X-Telegram-Bot-Api-Secret-Token": "telegram-secret"}
    async with session.post(url, json=update, headers=headers) as answer:
        assert answer.status == 200


async def reply(stack: LocalStack, session: aiohttp.ClientSession, reply_id: str) -> None:
    """Let an agent answer from the organisation's own desk."""
    now_us = SystemClock().now_us()
    body = json.dumps(
        {
            "type": "reply.requested",
            "timestamp": to_iso(now_us),
            "data": {
                "channel": "telegram",
                "thread_id": str(CHAT),
                "reply_id": reply_id,
                "author": {"id": "a-9", "kind": "agent", "name": "Anna"},
                "text": "It is on its way.",
            },
        }
    )
    at = datetime.fromtimestamp(now_us // 1_000_000, UTC)
    headers = {
        "webhook-id": f"ask-{reply_id}",
        "webhook-timestamp": str(now_us // 1_000_000),
        "webhook-signature": Webhook(DESK_SECRET).sign(f"ask-{reply_id}", at, body),
    }
    url = f"http://127.0.0.1:{stack.service_ports('gateway').http}/v1/webhooks/acme/desk"
    async with session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 202, await answer.text()


async def recorded(stack: LocalStack, until: str) -> list[Event]:
    """Read the thread's recorded events until one of this kind, or this reply's state, is there."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.env["CARELINE_KAFKA"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    found: list[Event] = []
    await consumer.start()
    try:
        consumer.assign([TopicPartition(RECORDED, number) for number in range(4)])
        async with asyncio.timeout(60):
            while not any(until == kind_of(event) for event in found):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        events = EventBatch.FromString(record.value).events
                        found += [one for one in events if one.thread_key.endswith(str(CHAT))]
    finally:
        await consumer.stop()
    return found


def kind_of(event: Event) -> str:
    body = event.WhichOneof("body") or ""
    if body == "reply_progressed":
        return ReplyState.Name(event.reply_progressed.state)
    return body


async def test_an_agents_reply_goes_out_by_the_customers_own_channel_and_counts(
    stack: LocalStack, sent: list[dict[str, Any]]
) -> None:
    async with aiohttp.ClientSession() as session:
        await write(stack, session)
        await recorded(stack, "message")
        await reply(stack, session, "r-1")
        events = await recorded(stack, "REPLY_STATE_SENT")
    [out] = sent
    assert out == {"token": "7:bot", "chat_id": CHAT, "text": "It is on its way.\n- Anna"}
    kinds = list(dict.fromkeys(kind_of(event) for event in events))
    assert kinds == [
        "message",
        "reply_requested",
        "REPLY_STATE_ATTEMPTED",
        "REPLY_STATE_SENT",
    ]
    last = events[-1]
    assert last.account_id == "acmehelp"
    assert (last.reply_progressed.message_id, last.reply_progressed.agent_name) == ("512", "Anna")
    assert {fact.kind for fact in last.conversation.facts} >= {
        FactKind.FACT_KIND_REPLY,
        FactKind.FACT_KIND_FIRST_RESPONSE,
    }
    assert len({event.conversation.conversation_id for event in events}) == 1
    # Whoever answers is no customer.
    requested = next(event for event in events if kind_of(event) == "reply_requested")
    assert not requested.HasField("assignment")
