from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from careline.event.v1.event_pb2 import Event, EventBatch
from deploy.local.channel_accounts import accounts_file
from services.gateway.adapters.accounts_file import read_accounts as read_gateway_accounts
from services.gateway.adapters.blob_folder import BlobFolder
from services.gateway.adapters.disk_spool import DiskSpool
from services.gateway.adapters.http_server import build_app
from services.gateway.adapters.memory_log import MemoryLog
from services.gateway.batching import BatchPolicy
from services.gateway.channels.registry import CHANNELS
from services.gateway.domain.framing import SegmentIdentity
from services.gateway.domain.keys import PartyKeys
from services.gateway.domain.repeats import RecentEvents
from services.gateway.handlers import RequestIntake
from services.gateway.publishing import BatchPublisher, PublishPolicy
from services.kernel.clock import SystemClock
from services.kernel.topics import topic
from services.simulator.sending import SendingAccounts, read_accounts

HEAD = topic("intake.event-accepted.v1")


@dataclass
class Gateway:
    """The gateway's own application, with a log in memory."""

    address: str
    log: MemoryLog

    def events(self) -> list[Event]:
        return [
            event
            for record in self.log.records
            if record.topic == HEAD.name
            for event in EventBatch.FromString(record.value).events
        ]


@pytest.fixture
def accounts_path(tmp_path: Path) -> Path:
    """The accounts file of a local stack."""
    return accounts_file(tmp_path)


@pytest.fixture
def accounts(accounts_path: Path) -> SendingAccounts:
    return read_accounts(accounts_path, "demo", {})


@pytest.fixture
async def gateway(tmp_path: Path, accounts_path: Path) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as stack:
        log, clock = MemoryLog(), SystemClock()
        identity = SegmentIdentity(HEAD.generation, HEAD.partitions)
        spool = DiskSpool(tmp_path / "spool", 10_000_000, identity)
        spool.open()
        stack.callback(spool.close)
        policy = PublishPolicy(BatchPolicy(max_delay_seconds=0.001))
        publisher = BatchPublisher(log, spool, clock, HEAD, policy)
        publishing = asyncio.create_task(publisher.run())
        stack.push_async_callback(asyncio.wait, {publishing})
        stack.callback(publishing.cancel)
        intake = RequestIntake(
            read_gateway_accounts(accounts_path, CHANNELS, {}),
            publisher,
            clock,
            PartyKeys("a secret of some length"),
            recent=RecentEvents(100_000),
            blobs=BlobFolder(tmp_path / "blobs"),
        )
        server = await stack.enter_async_context(TestServer(build_app(intake)))
        yield Gateway(str(server.make_url("/")), log)
