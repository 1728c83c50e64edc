from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, NotFoundError

from careline.conversation.v1.facts_pb2 import Fact, FactKind, Facts
from careline.event.v1.event_pb2 import AuthorKind, Event, EventBatch, Message, TimelineEnded
from deploy.local.ports import free_ports, free_service_ports
from deploy.local.services import ServicePorts, ServiceSpec
from deploy.local.stack import LocalStack
from services.indexer.bootstrap import compare_index, rebuild_index
from services.indexer.domain.comparison import Comparison
from services.indexer.domain.documents import event_document_id
from services.kernel.elastic.connection import ElasticsearchAccess, connect
from services.kernel.elastic.indices import index_behind
from services.kernel.kafka.writing import OutputWriter
from services.kernel.lane.records import SOURCE_HEADER, Output, Source

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PARTITIONS = 4
EVENTS_PER_RECORD = 25
START_US = 1_700_000_000_000_000

INDEXER = ServiceSpec(
    name="indexer", module="services.indexer", ports=ServicePorts(metrics=0, grpc=0)
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    spec = ServiceSpec(
        name=INDEXER.name, module=INDEXER.module, ports=free_service_ports(INDEXER, set())
    )
    ports = free_ports((spec,))
    run_dir = tmp_path_factory.mktemp("stack")
    with LocalStack(run_dir, ports=ports, services=(spec,)) as stack:
        yield stack


@dataclass
class Written:
    records: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    events: int = 0


class Feed:
    """What the sla lane would write: numbered conversations of ten messages each."""

    def __init__(self, written: Written, writer: OutputWriter) -> None:
        self.writer = writer
        self.written = written

    @property
    def events(self) -> int:
        return self.written.events

    async def records_of(self, count: int) -> None:
        """Write so many records to every partition."""
        for _ in range(count):
            await self.writer.write([self._record(p) for p in range(PARTITIONS)])

    async def end_run(self, run_id: str) -> None:
        ended = Event(
            timeline="r",
            occurred_at_us=START_US + 10**12,
            organisation_id="acme",
            timeline_ended=TimelineEnded(run_id=run_id, accepted=self.events),
        )
        await self.writer.write([self._output(p, [ended]) for p in range(PARTITIONS)])

    def _record(self, partition: int) -> Output:
        first = self.written.records[partition] * EVENTS_PER_RECORD
        self.written.events += EVENTS_PER_RECORD
        return self._output(
            partition, [_message(partition, first + n) for n in range(EVENTS_PER_RECORD)]
        )

    def _output(self, partition: int, events: list[Event]) -> Output:
        number = self.written.records[partition]
        self.written.records[partition] += 1
        source = Source("conversation.event-recorded.v1", 1, partition, number)
        value = EventBatch(events=events).SerializeToString()
        headers = ((SOURCE_HEADER, source.encode()),)
        return Output(
            "sla.event-clocked.v1", partition, None, value, time.time_ns() // 1_000_000, headers
        )


def _event_id(partition: int, number: int) -> str:
    return f"e-{partition}-{number}"


def _message(partition: int, number: int) -> Event:
    at_us = START_US + number * 1_000_000
    conversation = f"cv_{partition}_{number // 10}"
    return Event(
        event_id=_event_id(partition, number),
        organisation_id="acme",
        channel="x",
        timeline="r",
        thread_key=f"acme/x/{conversation}",
        occurred_at_us=at_us,
        accepted_at_us=at_us,
        message=Message(
            message_id=str(number),
            author_kind=AuthorKind.AUTHOR_KIND_CUSTOMER,
            text=f"where is my luggage {number} 我要退款",
        ),
        conversation=Facts(
            conversation_id=conversation,
            ordinal=1,
            status="open",
            facts=[Fact(kind=FactKind.FACT_KIND_CONTACT, sign=1, at_us=at_us)],
        ),
    )


@pytest.fixture(scope="module")
def written() -> Written:
    return Written()


@pytest.fixture
async def feed(stack: LocalStack, written: Written) -> AsyncIterator[Feed]:
    writer = OutputWriter(stack.addresses.kafka, "indexer-test")
    await writer.start()
    yield Feed(written, writer)
    await writer.stop()


@pytest.fixture
async def client(stack: LocalStack) -> AsyncIterator[AsyncElasticsearch]:
    client = connect(ElasticsearchAccess(stack.addresses.elasticsearch))
    yield client
    await client.close()


async def run_is_indexed(client: AsyncElasticsearch, run_id: str, seconds: float = 90.0) -> None:
    """Wait until every partition's end of the run can be found."""
    deadline = time.monotonic() + seconds
    ended = 0
    while time.monotonic() < deadline:
        query = {"term": {"run_id": run_id}}
        try:
            ended = int((await client.count(index="careline-runs", query=query))["count"])
        except NotFoundError:
            ended = 0
        if ended == PARTITIONS:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"run {run_id}: {ended} of {PARTITIONS} partitions within {seconds} s")


async def compared(stack: LocalStack, seconds: float = 60.0) -> Comparison:
    """Compare once the indexer has recorded its progress, which it does after it has indexed."""
    access = ElasticsearchAccess(stack.addresses.elasticsearch)
    deadline = time.monotonic() + seconds
    while True:
        found = await compare_index(stack.addresses.kafka, access)
        if not any(collection.newer for collection in found.collections.values()):
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"progress lags behind the index: {found.as_dict()}")
        await asyncio.sleep(0.1)


async def test_nothing_is_lost_while_elasticsearch_is_down(
    stack: LocalStack, feed: Feed, client: AsyncElasticsearch
) -> None:
    await feed.records_of(20)
    stack["elasticsearch"].kill(restart=False)
    await feed.records_of(20)
    await feed.end_run("down")
    await asyncio.to_thread(stack["elasticsearch"].start)
    await asyncio.to_thread(stack["elasticsearch"].wait_ready, seconds=120)
    await run_is_indexed(client, "down")
    found = await compared(stack)
    assert found.equal, found.as_dict()
    assert found.collections["events"].in_index == feed.events
    assert stack["indexer"].restarts == 0


async def test_a_killed_indexer_goes_on_where_it_was(
    stack: LocalStack, feed: Feed, client: AsyncElasticsearch
) -> None:
    restarts = stack["indexer"].restarts
    writing = asyncio.create_task(feed.records_of(60))
    stack["indexer"].kill()
    await writing
    await feed.end_run("killed")
    await run_is_indexed(client, "killed")
    assert stack["indexer"].restarts == restarts + 1
    found = await compared(stack)
    assert found.equal, found.as_dict()
    assert found.collections["events"].in_index == feed.events


async def test_what_was_changed_by_hand_is_reported_and_a_rebuild_repairs_it(
    stack: LocalStack, feed: Feed, client: AsyncElasticsearch
) -> None:
    await feed.records_of(2)
    await feed.end_run("damaged")
    await run_is_indexed(client, "damaged")
    gone, changed = (event_document_id("acme", "x", _event_id(1, number)) for number in (3, 4))
    await client.delete(index="careline-events", id=gone)
    await client.update(index="careline-events", id=changed, doc={"text": "all is well"})
    await client.update(index="careline-conversations", id="cv_2_0", doc={"contacts": 99})
    stray: dict[str, Any] = {"event_id": "stray"}
    await client.index(index="careline-events", id="stray", document=stray)

    found = await compared(stack)
    assert not found.equal
    events = found.collections["events"]
    assert events.missing_examples == [gone]
    assert events.different_examples == [changed]
    assert events.extra_examples == ["stray"]
    assert found.collections["conversations"].different_examples == ["cv_2_0"]

    before = await index_behind(client, "careline-events")
    writing = asyncio.create_task(feed.records_of(80))
    access = ElasticsearchAccess(stack.addresses.elasticsearch)
    await rebuild_index(stack.addresses.kafka, access)
    await writing
    await feed.end_run("rebuilt")
    await run_is_indexed(client, "rebuilt")
    assert await index_behind(client, "careline-events") != before
    assert not await client.indices.exists(index=before)
    found = await compared(stack)
    assert found.equal, found.as_dict()
    assert found.collections["events"].in_index == feed.events
    assert stack["indexer"].last_exit in (None, -9)
