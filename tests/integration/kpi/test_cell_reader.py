"""What only the real Kafka can tell of a replica's reader."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import AIOKafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.stack import LocalStack
from services.kernel.kafka.worker import EXIT_FAILED
from services.kernel.kafka.writing import StateWriter
from services.kernel.telemetry import metrics
from services.kernel.testing.clock import ManualClock
from services.kernel.testing.harness import LaneHarness
from services.kpi.adapters.cell_view import CellReader
from services.kpi.replica import Replica
from services.kpi.streams import lane_spec, make_stage
from services.kpi.testing.events import NOON_US, SECOND_US, Events


@pytest.fixture
def kafka(kpi_stack: LocalStack) -> str:
    return kpi_stack.env["CARELINE_KAFKA"]


@pytest.fixture
def topic(kafka: str) -> str:
    """Make a topic with one partition that nobody else uses."""
    name = f"kpi.cell-changed.{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics([NewTopic(name, 1, 1, topic_configs={"cleanup.policy": "compact"})])
    admin.close()
    return name


@pytest.fixture
async def writer(kafka: str, topic: str) -> AsyncIterator[StateWriter]:
    writer = StateWriter(kafka, topic, topic)
    await writer.own([0])
    yield writer
    await writer.disown()


class View:
    def __init__(self, kafka: str, topic: str) -> None:
        self.replica = Replica(1, 1)
        self.clock = ManualClock(NOON_US)
        self.exits: list[int] = []
        self.reader = CellReader(
            kafka, self.replica, self.clock, topic=topic, exit_process=self.exits.append
        )

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
async def view(kafka: str, topic: str) -> AsyncIterator[View]:
    view = View(kafka, topic)
    async with asyncio.timeout(60):
        yield view
    await view.reader.stop()


async def test_what_a_broken_transaction_wrote_is_never_shown(
    kafka: str, topic: str, writer: StateWriter, view: View, events: Events
) -> None:
    lane = LaneHarness(lane_spec(), make_stage)
    lane.feed(events.contact())
    changes = lane.core.close().changes[0]
    key, value = next(row for row in changes if row[0].startswith(b"cell\x00contact"))
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{topic}-broken")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(topic, value, key, 0)
    await producer.abort_transaction()
    await producer.stop()
    await view.reader.start()
    lane.feed(events.tick(1))
    await writer.write({0: lane.core.close().changes[0]})
    await view.until(lambda: view.replica.stamp.live_watermark_us == NOON_US + SECOND_US)
    assert len(view.replica) == 0


async def test_a_record_that_is_no_cell_ends_the_process(writer: StateWriter, view: View) -> None:
    await view.reader.start()
    await view.until(lambda: view.reader.report()[0])
    await writer.write({0: [(b"cell\x00nonsense", b"1")]})
    await view.until(lambda: bool(view.exits))
    assert view.exits == [EXIT_FAILED]


async def test_the_age_of_the_live_figures_grows_while_nothing_comes(
    writer: StateWriter, view: View, events: Events
) -> None:
    await view.reader.start()
    lane = LaneHarness(lane_spec(), make_stage)
    lane.feed(events.contact(), events.tick(2))
    await writer.write({0: lane.core.close().changes[0]})
    await view.until(lambda: view.replica.stamp.live_watermark_us > 0)
    view.clock.advance(7 * SECOND_US)
    (family,) = metrics.KPI_LIVE_AGE_SECONDS.collect()
    assert family.samples[0].value == 5
    (family,) = metrics.KPI_CELLS.collect()
    assert family.samples[0].value == 2
