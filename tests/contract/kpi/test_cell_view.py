"""What a replica shows of the cells' topic, in memory and on the real Kafka alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import pytest

from careline.event.v1.event_pb2 import Event
from services.kernel.lane.records import Change
from services.kernel.testing.harness import LaneHarness
from services.kpi.domain.query import FIRST_US, LAST_US, Request, run
from services.kpi.ports import CellView, Stamp
from services.kpi.replica import Replica
from services.kpi.streams import lane_spec, make_stage
from services.kpi.tables import RunEnd
from services.kpi.testing.events import NOON_US, SECOND_US, Events

PARTITIONS = range(2)
DAY = 24 * 3600


class Cells(Protocol):
    async def write(self, changes: Mapping[int, Sequence[Change]]) -> None: ...

    async def read_into(self, replica: Replica) -> None: ...


class Lane:
    """A lane that writes to the topic, and the replica that reads it."""

    def __init__(self, cells: Cells) -> None:
        self.harness = LaneHarness(lane_spec(), make_stage, PARTITIONS)
        self.cells = cells
        self.replica = Replica(1, len(PARTITIONS))

    @property
    def view(self) -> CellView:
        return self.replica

    async def happen(self, *events: Event, partition: int = 0) -> None:
        self.harness.feed(*events, partition=partition)
        await self.cells.write(self.harness.core.close().changes)

    async def read(self) -> None:
        await self.cells.read_into(self.replica)

    async def contacts(self) -> int:
        async with self.view.reading() as index:
            answer = run(index, Request(("contacts",), FIRST_US, LAST_US))
        return sum(row["count"] for row in answer["kpis"]["contacts"]["rows"])

    async def wait_until_live(self, seconds: float) -> None:
        while (stamp := self.view.stamp).live_watermark_us != NOON_US + seconds * SECOND_US:
            await self.view.wait_for_change(stamp)


@pytest.fixture
async def lane(cells: Cells) -> AsyncIterator[Lane]:
    async with asyncio.timeout(60):
        yield Lane(cells)


async def test_a_topic_without_records_is_complete_at_once(lane: Lane) -> None:
    assert not lane.view.is_complete
    await lane.read()
    assert lane.view.is_complete
    assert lane.view.stamp == Stamp(0, 0)


async def test_what_was_written_before_is_there_when_the_view_is_complete(
    lane: Lane, events: Events
) -> None:
    for number in range(3):
        await lane.happen(events.contact(number), partition=number % 2)
    await lane.read()
    assert await lane.contacts() == 3
    assert lane.view.partitions_total == 2


async def test_what_is_written_later_arrives_and_wakes_who_waits(
    lane: Lane, events: Events
) -> None:
    await lane.read()
    for partition in PARTITIONS:
        await lane.happen(events.tick(1), partition=partition)
    await lane.wait_until_live(1)
    waiting = asyncio.create_task(lane.view.wait_for_change(lane.view.stamp))
    await lane.happen(events.contact(2))
    await waiting
    await lane.happen(events.tick(3))
    await lane.happen(events.tick(3), partition=1)
    await lane.wait_until_live(3)
    assert await lane.contacts() == 1


async def test_the_live_watermark_is_that_of_the_slowest_partition(
    lane: Lane, events: Events
) -> None:
    await lane.happen(events.tick(50), partition=0)
    await lane.read()
    assert lane.view.stamp.live_watermark_us == 0
    await lane.happen(events.tick(20), partition=1)
    await lane.wait_until_live(20)
    await lane.happen(events.tick(70), partition=1)
    await lane.wait_until_live(50)


async def test_a_watermark_never_shows_before_the_cells_of_its_group(
    lane: Lane, events: Events
) -> None:
    await lane.read()
    for round_ in range(1, 6):
        group = [events.contact(round_, brand=f"brand {number}") for number in range(300)]
        await lane.happen(*group, partition=0)
        await lane.happen(events.tick(round_), partition=1)
        await lane.wait_until_live(round_)
        assert await lane.contacts() == 300 * round_


async def test_cells_that_the_lane_removed_are_gone(lane: Lane, events: Events) -> None:
    await lane.happen(events.contact())
    await lane.read()
    async with lane.view.reading() as index:
        assert len(index) == 2
    for partition in PARTITIONS:
        await lane.happen(events.tick(3 * DAY), partition=partition)
    await lane.wait_until_live(3 * DAY)
    async with lane.view.reading() as index:
        assert len(index) == 1
    assert await lane.contacts() == 1


async def test_a_run_is_known_by_the_partitions_where_it_ended(lane: Lane, events: Events) -> None:
    await lane.happen(events.end_of_run("run-7", accepted=3), partition=1)
    await lane.read()
    assert lane.view.run_ends("run-7") == {1: RunEnd(3, 1)}
    assert lane.view.run_ends("run-8") == {}
    await lane.happen(events.end_of_run("run-7", accepted=4), events.tick(9), partition=0)
    await lane.happen(events.tick(9), partition=1)
    await lane.wait_until_live(9)
    assert lane.view.run_ends("run-7") == {0: RunEnd(4, 1), 1: RunEnd(3, 1)}


async def test_nothing_changes_under_a_reader(lane: Lane, events: Events) -> None:
    await lane.read()
    async with lane.view.reading() as index:
        writing = asyncio.create_task(lane.happen(events.contact(), events.tick(1)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(index) == 0
    await writing
    await lane.happen(events.tick(1), partition=1)
    await lane.wait_until_live(1)
    assert await lane.contacts() == 1


async def test_two_replicas_show_the_same(lane: Lane, events: Events) -> None:
    await lane.happen(events.contact(), events.tick(1))
    await lane.happen(events.tick(1), partition=1)
    other = Replica(1, len(PARTITIONS))
    await lane.read()
    await lane.cells.read_into(other)
    assert other.stamp.live_watermark_us == lane.view.stamp.live_watermark_us
    assert len(other) == len(lane.replica)
