from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import pytest

from careline.event.v1.event_pb2 import Event
from services.indexer.adapters.memory import MemoryCatalogue
from services.indexer.comparing import compare
from services.indexer.domain.comparison import Comparison
from services.indexer.domain.documents import COLLECTIONS, Collection, Document
from services.indexer.ports import EventLog, LaneState
from services.indexer.rebuilding import rebuild
from services.indexer.replaying import Progress
from services.indexer.sink import IndexSink
from services.kernel.lane.records import SOURCE_HEADER, Source
from services.kernel.testing.harness import LaneHarness

MakeEvent = Callable[..., Event]


class Log(EventLog, LaneState, Protocol):
    begins: dict[int, int]
    meanwhile: Callable[[], Awaitable[None]] | None


class Indexer:
    """The lane with its index: feeding it flushes and writes at once."""

    def __init__(self, lane: LaneHarness, log: Log) -> None:
        self.lane = lane
        self.log = log
        self.catalogue = MemoryCatalogue()
        self.progress: list[Progress] = []

    async def feed(self, *events: Event, partition: int = 0, source: int | None = None) -> None:
        headers = None
        if source is not None:
            taken = Source("conversation.event-recorded.v1", 1, partition, source)
            headers = {SOURCE_HEADER: taken.encode()}
        self.lane.feed(*events, partition=partition, headers=headers)
        await self.flush()

    async def flush(self) -> None:
        done = len(self.lane.effects)
        self.lane.flush()
        await IndexSink(self.catalogue).write(self.lane.effects[done:])

    async def compare(self) -> Comparison:
        return await compare(self.log, self.log, self.catalogue, self.progress.append)

    async def rebuild(self) -> dict[str, Any]:
        rebuilt = await rebuild(self.log, self.log, self.catalogue, self.progress.append)
        return rebuilt.as_dict()

    def documents(self, collection: Collection) -> dict[str, Document]:
        return self.catalogue.in_use.written[collection]

    def bodies(self) -> dict[str, dict[str, Document]]:
        return {collection: dict(self.documents(collection)) for collection in COLLECTIONS}

    def change(self, collection: Collection, **fields: object) -> str:
        """Change a document by hand; what it says of itself stays as it was."""
        document_id, document = next(iter(self.documents(collection).items()))
        content = {**json.loads(document.body), **fields}
        changed = document._replace(body=json.dumps(content).encode())
        self.documents(collection)[document_id] = changed
        return document_id


@pytest.fixture
def indexer(lane: LaneHarness, log: Log) -> Indexer:
    return Indexer(lane, log)


@pytest.fixture
async def filled(indexer: Indexer, message: MakeEvent, run_ended: MakeEvent) -> Indexer:
    for offset in range(5):
        source = offset // 2  # some records come twice
        for partition in range(4):
            number = 10 * source + partition
            await indexer.feed(
                message(number, thread=str(partition)),
                message(number + 100, thread=str(partition)),
                partition=partition,
                source=source,
            )
    await indexer.feed(run_ended(), partition=2)
    return indexer


async def test_an_index_that_the_lane_wrote_equals_the_log(filled: Indexer) -> None:
    found = await filled.compare()
    assert found.equal
    assert {name: part.in_index for name, part in found.collections.items()} == {
        "events": 24,
        "conversations": 4,
        "runs": 1,
    }
    assert found.offsets[0].end == 5
    assert {step.phase for step in filled.progress} >= {"reading the log"}


async def test_a_document_that_was_deleted_by_hand_is_missing(filled: Indexer) -> None:
    gone = next(iter(filled.documents("events")))
    del filled.documents("events")[gone]
    found = await filled.compare()
    assert not found.equal
    assert found.collections["events"].missing_examples == [gone]


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        ("events", {"text": "all is well"}),
        ("events", {"content_hash": "0" * 32}),
        ("events", {"text": "all is well", "position": {"partition": 0, "offset": 99}}),
        ("conversations", {"breaches": 0, "status": "solved"}),
        ("runs", {"accepted": 4}),
    ],
)
async def test_a_document_that_was_changed_by_hand_is_different(
    filled: Indexer, collection: Collection, fields: dict[str, object]
) -> None:
    changed = filled.change(collection, **fields)
    found = await filled.compare()
    assert found.collections[collection].different_examples == [changed]
    assert found.collections[collection].different == 1


async def test_a_document_that_nobody_told_is_extra(filled: Indexer) -> None:
    document = next(iter(filled.documents("events").values()))
    filled.documents("events")["made-up"] = document
    found = await filled.compare()
    assert found.collections["events"].extra_examples == ["made-up"]


async def test_what_comes_while_comparing_is_newer_and_no_difference(
    filled: Indexer, message: MakeEvent
) -> None:
    async def more() -> None:
        filled.log.meanwhile = None
        await filled.feed(message(500, thread="0"), message(501, thread="new"))

    filled.log.meanwhile = more
    found = await filled.compare()
    assert found.equal
    assert found.collections["events"].newer == 2
    # One conversation went on, one began.
    assert found.collections["conversations"].newer == 2


async def test_records_that_the_lane_has_not_taken_are_not_compared(
    filled: Indexer, message: MakeEvent
) -> None:
    filled.lane.feed(message(500))
    found = await filled.compare()
    assert found.equal
    assert found.offsets[0].end == 5


async def test_what_retention_has_removed_from_the_log_is_compared_as_far_as_can_be(
    filled: Indexer, message: MakeEvent
) -> None:
    filled.log.begins = {0: 3, 1: 1, 2: 5, 3: 5}
    found = await filled.compare()
    assert found.equal
    assert found.collections["events"].before_log > 0
    assert found.collections["conversations"].in_index == 4
    changed = filled.change("conversations", status="solved")
    found = await filled.compare()
    assert found.collections["conversations"].different_examples == [changed]


async def test_a_rebuild_gives_the_same_documents(filled: Indexer) -> None:
    before = filled.bodies()
    old = filled.catalogue.in_use
    for collection in COLLECTIONS:
        filled.change(collection, text="damaged")
    told = await filled.rebuild()
    assert filled.catalogue.in_use is not old
    assert filled.bodies() == before
    assert (told["events"], told["conversations"], told["runs"]) == (24, 4, 1)
    assert (await filled.compare()).equal


async def test_live_indexing_goes_on_during_a_rebuild_without_loss(
    filled: Indexer, message: MakeEvent, run_ended: MakeEvent
) -> None:
    numbers = iter(range(500, 10_000))

    async def more() -> None:
        number = next(numbers)
        await filled.feed(message(number, thread=str(number % 7)), partition=0, source=number)
        if number == 501:
            await filled.feed(run_ended("run-2"), partition=1)

    filled.log.meanwhile = more
    await filled.rebuild()
    filled.log.meanwhile = None
    found = await filled.compare()
    assert found.equal
    assert found.collections["runs"].in_index == 2
    assert found.collections["events"].in_index == 24 + next(numbers) - 500


async def test_a_group_in_flight_at_the_swap_is_not_lost(
    filled: Indexer, message: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written to the old index, its state not yet: only the log's end tells of it."""
    previous = filled.catalogue.in_use
    in_flight = [message(900, thread="0"), message(901, thread="late")]
    publish = filled.catalogue.new_generation

    async def new_generation() -> Any:
        generation = await publish()
        swap = generation.publish

        async def write_then_swap() -> None:
            done = len(filled.lane.effects)
            filled.lane.feed(*in_flight)
            filled.lane.flush()
            await IndexSink(previous).write(filled.lane.effects[done:])
            await swap()

        monkeypatch.setattr(generation, "publish", write_then_swap)
        return generation

    monkeypatch.setattr(filled.catalogue, "new_generation", new_generation)
    await filled.rebuild()
    assert (await filled.compare()).equal
    assert "cv_late" in filled.documents("conversations")


async def test_a_rebuild_keeps_what_retention_has_removed_from_the_log(
    filled: Indexer, message: MakeEvent
) -> None:
    before = filled.bodies()
    filled.log.begins = {0: 3, 1: 1, 2: 6, 3: 5}
    told = await filled.rebuild()
    assert told["carried"] > 0
    assert filled.bodies() == before
    await filled.feed(message(600, thread="0"), source=600)
    assert (await filled.compare()).equal


async def test_a_rebuild_of_nothing_is_nothing(indexer: Indexer) -> None:
    told = await indexer.rebuild()
    assert (told["events"], told["conversations"], told["runs"]) == (0, 0, 0)
    assert (await indexer.compare()).equal
