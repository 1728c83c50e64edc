from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from standardwebhooks import Webhook

from careline.event.v1.event_pb2 import Event, EventBatch
from services.gateway.adapters.disk_spool import DiskSpool
from services.gateway.adapters.http_server import build_app
from services.gateway.adapters.memory_log import MemoryLog
from services.gateway.batching import BatchPolicy
from services.gateway.channels.base import SecretSettings
from services.gateway.channels.telegram import TelegramChannel
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.framing import SegmentIdentity
from services.gateway.domain.keys import PartyKeys
from services.gateway.domain.repeats import RecentEvents
from services.gateway.handlers import RequestIntake
from services.gateway.publishing import BatchPublisher, PublishPolicy
from services.kernel.lane.records import Output
from services.kernel.testing.clock import ManualClock
from services.kernel.topics import topic

NOW_S = 1_767_225_600
SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
HEAD = topic("intake.event-accepted.v1")

ACCOUNTS = Accounts(
    [
        Account("acme", "shop", "webhook", SecretSettings((SECRET,)), "acme"),
        Account("acme", "open", "webhook", SecretSettings()),
        Account("acme", "bot", "telegram", TelegramChannel.settings(("token",)), "acme"),
    ]
)


@dataclass
class MemoryBlobs:
    """Keeps bytes as long as the test lasts."""

    kept: dict[str, bytes] = field(default_factory=dict)

    async def put(self, content: bytes) -> str:
        reference = f"blob:{sha256(content).hexdigest()}"
        self.kept[reference] = content
        return reference

    async def get(self, reference: str) -> bytes:
        return self.kept[reference]

    async def erase(self, reference: str) -> None:
        self.kept.pop(reference, None)


@dataclass
class Gateway:
    """The gateway without its processes' edges: HTTP in, a log in memory, a spool on disk."""

    spool: DiskSpool
    policy: PublishPolicy
    log: MemoryLog = field(default_factory=MemoryLog)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_S * 1_000_000))

    def __post_init__(self) -> None:
        self.publisher = BatchPublisher(self.log, self.spool, self.clock, HEAD, self.policy)
        self.intake = RequestIntake(
            ACCOUNTS,
            self.publisher,
            self.clock,
            PartyKeys("a secret of some length"),
            recent=RecentEvents(1_000),
            blobs=self.blobs,
        )
        self.http: TestClient[Any, Any]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        async with AsyncExitStack() as stack:
            self.spool.open()
            stack.callback(self.spool.close)
            publishing = asyncio.create_task(self.publisher.run())
            stack.push_async_callback(asyncio.wait, {publishing})
            stack.callback(publishing.cancel)
            self.http = await stack.enter_async_context(
                TestClient(TestServer(build_app(self.intake)))
            )
            yield self

    async def post(
        self,
        body: dict[str, Any] | bytes,
        *,
        account: str = "shop",
        webhook_id: str = "msg_1",
        secret: str = SECRET,
        **headers: str,
    ) -> ClientResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        at = datetime.fromtimestamp(NOW_S, UTC)
        signed = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(NOW_S),
            "webhook-signature": Webhook(secret).sign(webhook_id, at, raw.decode()),
        }
        return await self.http.post(
            f"/v1/webhooks/acme/{account}", data=BytesIO(raw), headers=signed | headers
        )

    def records(self, topic: str = HEAD.name) -> list[Output]:
        return [record for record in self.log.records if record.topic == topic]

    def events(self) -> list[Event]:
        return [
            event
            for record in self.records()
            for event in EventBatch.FromString(record.value).events
        ]


GatewayMaker = Callable[..., Gateway]


@pytest.fixture
def make_gateway(tmp_path: Path) -> GatewayMaker:
    def make(
        *, spool_bytes: int = 10_000_000, attempt_seconds: float = 0.1, **batch: Any
    ) -> Gateway:
        policy = PublishPolicy(
            BatchPolicy(**{"max_delay_seconds": 0.001, **batch}),
            attempt_seconds=attempt_seconds,
            retry_seconds=0.01,
        )
        identity = SegmentIdentity(HEAD.generation, HEAD.partitions)
        return Gateway(DiskSpool(tmp_path / "spool", spool_bytes, identity), policy)

    return make


@pytest.fixture
async def gateway(make_gateway: GatewayMaker) -> AsyncIterator[Gateway]:
    async with make_gateway().running() as running:
        yield running


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    def make(text: str = "where is my bag", thread: str = "t-1") -> dict[str, Any]:
        return {
            "type": "message.received",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {
                "thread_id": thread,
                "message_id": "m-1",
                "author": {"id": "c-1", "name": "Ana"},
                "text": text,
            },
        }

    return make


Condition = Callable[[], bool]


@pytest.fixture
def eventually() -> Callable[[Condition], Any]:
    """Wait for a condition; the test's own time limit is the deadline."""

    async def wait(condition: Condition) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  # what is waited for tells nobody
                await asyncio.sleep(0.002)

    return wait
