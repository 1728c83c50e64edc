from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from standardwebhooks import Webhook

from careline.event.v1.event_pb2 import Event, EventBatch
from deploy.local.ports import free_ports
from deploy.local.process import Backoff
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock, to_datetime

HEAD = "intake.event-accepted.v1"
SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
ACCOUNTS = f"""
accounts:
  - organisation: acme
    account: shop
    channel: webhook
    secret: {SECRET}
  - organisation: acme
    account: bot
    channel: telegram
    secret: token
"""
# What a sender waits at most for; the gateway answers or refuses well before.
ANSWER_SECONDS = 15.0


@dataclass
class Caller:
    """Somebody outside: sends signed messages and remembers what was acknowledged."""

    stack: LocalStack
    session: aiohttp.ClientSession
    acknowledged: dict[str, list[str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.stack.service_ports('gateway').http}"

    async def send(self, webhook_id: str, thread: str) -> int:
        """Send a message; remember it when it was acknowledged."""
        message = {
            "type": "message.received",
            "timestamp": to_datetime(SystemClock().now_us()).isoformat(),
            "data": {
                "thread_id": thread,
                "message_id": webhook_id,
                "author": {"id": f"author of {thread}"},
                "text": f"message {webhook_id}",
            },
        }
        status = await self.post(webhook_id, json.dumps(message))
        if status == 202:
            key = f"acme/webhook/{thread}"
            self.acknowledged.setdefault(key, []).append(f"webhook:shop:{webhook_id}")
        return status

    async def post(self, webhook_id: str, body: str) -> int:
        now_us = SystemClock().now_us()
        at = datetime.fromtimestamp(now_us // 1_000_000, UTC)
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(now_us // 1_000_000),
            "webhook-signature": Webhook(SECRET).sign(webhook_id, at, body),
        }
        async with self.session.post(
            f"{self.address}/v1/webhooks/acme/shop", data=BytesIO(body.encode()), headers=headers
        ) as answer:
            return answer.status

    async def health(self) -> dict[str, Any]:
        port = self.stack.service_ports("gateway").metrics
        async with self.session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            return dict(await answer.json())


@pytest.fixture(scope="module")
def gateway_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka and the gateway, to be killed at will."""
    folder = tmp_path_factory.mktemp("gateway")
    accounts = folder / "accounts.yaml"
    accounts.write_text(ACCOUNTS, encoding="utf-8")
    services = [spec for spec in SERVICES if spec.name == "gateway"]
    with LocalStack(
        folder / "run",
        ports=free_ports(services),
        services=services,
        with_elasticsearch=False,
        env={"CARELINE_ACCOUNTS": str(accounts)},
        backoff=Backoff(first_seconds=0.2, ceiling_seconds=1.0),
    ) as stack:
        yield stack


@pytest.fixture
async def caller(gateway_stack: LocalStack) -> AsyncIterator[Caller]:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Caller(gateway_stack, session)


Reader = Callable[[], Awaitable[dict[int, list[Event]]]]


@pytest.fixture
def read_head(gateway_stack: LocalStack) -> Reader:
    """Read the whole head, by partition."""

    async def read() -> dict[int, list[Event]]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=gateway_stack.env["CARELINE_KAFKA"],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        found: dict[int, list[Event]] = {number: [] for number in range(4)}
        try:
            partitions = [TopicPartition(HEAD, number) for number in found]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        found[tp.partition] += EventBatch.FromString(record.value).events
        finally:
            await consumer.stop()
        return found

    return read


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Wait for a condition over the network."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60):
            while not await condition():  # noqa: ASYNC110  # the condition lies in another process
                await asyncio.sleep(0.05)

    return wait
