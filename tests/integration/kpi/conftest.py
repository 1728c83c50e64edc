from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import grpc
import pytest

from careline.event.v1.event_pb2 import Event, EventBatch
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from deploy.local.ports import free_ports
from deploy.local.process import Backoff
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock
from services.kernel.kafka.writing import OutputWriter
from services.kernel.lane.records import SOURCE_HEADER, Output, Source
from services.kpi.testing.events import Events

INPUT = "sla.event-clocked.v1"

Feed = Callable[[Sequence[Sequence[Event]], int], Awaitable[None]]


@pytest.fixture(scope="module")
def kpi_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka and the KPI service, to be killed at will."""
    services = [spec for spec in SERVICES if spec.name == "kpi"]
    with LocalStack(
        tmp_path_factory.mktemp("kpi"),
        ports=free_ports(services),
        services=services,
        with_elasticsearch=False,
        backoff=Backoff(first_seconds=0.2, ceiling_seconds=1.0),
    ) as stack:
        yield stack


@pytest.fixture
async def kpi(kpi_stack: LocalStack) -> AsyncIterator[stubs.KpiServiceAsyncStub]:
    # A killed service is back within a second; a channel would wait up to two minutes for it.
    options = [("grpc.max_reconnect_backoff_ms", 500)]
    address = kpi_stack.env["CARELINE_KPI_ADDRESS"]
    async with grpc.aio.insecure_channel(address, options) as channel, asyncio.timeout(200):
        yield stubs.KpiServiceStub(channel)


@pytest.fixture
async def feed(kpi_stack: LocalStack) -> AsyncIterator[Feed]:
    """Write records to a partition of the lane's input, as the lane before does."""
    writer = OutputWriter(kpi_stack.env["CARELINE_KAFKA"], "test-outputs")
    await writer.start()
    offsets: dict[int, int] = {}

    async def write(records: Sequence[Sequence[Event]], partition: int) -> None:
        outputs = []
        for events in records:
            offset = offsets[partition] = offsets.get(partition, -1) + 1
            source = Source(f"test {id(offsets)}", 1, partition, offset).encode()
            value = EventBatch(events=events).SerializeToString()
            # An old time would let the broker's retention remove the record.
            now_ms = SystemClock().now_us() // 1_000
            outputs.append(
                Output(INPUT, partition, None, value, now_ms, ((SOURCE_HEADER, source),))
            )
        # The lane before died between its outputs and its state once, so it writes them twice.
        await writer.write(outputs)
        await writer.write(outputs)

    yield write
    await writer.stop()


@pytest.fixture
def events() -> Events:
    return Events()
