from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.stack import LocalStack
from services.kernel.kafka.writing import StateWriter
from services.kernel.lane.records import Change
from services.kernel.testing.clock import ManualClock
from services.kpi.adapters.cell_view import CellReader
from services.kpi.adapters.memory import MemoryCells
from services.kpi.replica import Replica
from services.kpi.testing.events import NOON_US, Events

PARTITIONS = 2


class Cells(Protocol):
    """A topic of cells: where a lane writes, and what a replica reads."""

    async def write(self, changes: Mapping[int, Sequence[Change]]) -> None: ...

    async def read_into(self, replica: Replica) -> None: ...


class KafkaCells:
    def __init__(self, kafka: str, topic: str) -> None:
        self.topic = topic
        self.writer = StateWriter(kafka, topic, topic)
        self.exits: list[int] = []
        self._kafka = kafka
        self._readers: list[CellReader] = []

    async def write(self, changes: Mapping[int, Sequence[Change]]) -> None:
        await self.writer.write(dict(changes))

    async def read_into(self, replica: Replica) -> None:
        reader = CellReader(
            self._kafka,
            replica,
            ManualClock(NOON_US),
            topic=self.topic,
            exit_process=self.exits.append,
        )
        self._readers.append(reader)
        await reader.start()
        while not reader.report()[0]:  # noqa: ASYNC110 - the reader tells health checks, not us
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        for reader in self._readers:
            await reader.stop()
        await self.writer.disown()


@asynccontextmanager
async def kafka_cells(kafka: str) -> AsyncIterator[KafkaCells]:
    """A compacted topic of our own, for as long as the context lasts."""
    topic = f"kpi.cell-changed.{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics(
        [NewTopic(topic, PARTITIONS, 1, topic_configs={"cleanup.policy": "compact"})]
    )
    cells = KafkaCells(kafka, topic)
    await cells.writer.own(range(PARTITIONS))
    try:
        yield cells
    finally:
        await cells.close()
        admin.delete_topics([topic])
        admin.close()


@pytest.fixture(
    params=[
        "memory",
        pytest.param("kafka", marks=[pytest.mark.integration, pytest.mark.timeout(300)]),
    ]
)
async def cells(request: pytest.FixtureRequest) -> AsyncIterator[Cells]:
    if request.param == "memory":
        yield MemoryCells()
        return
    infrastructure: LocalStack = request.getfixturevalue("infrastructure")
    async with kafka_cells(infrastructure.env["CARELINE_KAFKA"]) as cells:
        yield cells


@pytest.fixture
def events() -> Events:
    return Events()
