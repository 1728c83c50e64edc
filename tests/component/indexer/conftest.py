from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from careline.conversation.v1.facts_pb2 import Fact, FactKind, Facts
from careline.event.v1.event_pb2 import (
    AuthorKind,
    Event,
    Message,
    Tick,
    TimelineEnded,
    TimelineStarted,
)
from careline.insight.v1.understanding_pb2 import Sentiment, Understanding
from services.indexer.adapters.kafka_log import RestoredState
from services.indexer.handlers import IndexEvents
from services.indexer.ports import LogBounds
from services.indexer.streams import SPEC
from services.kernel.lane.records import Record
from services.kernel.testing.harness import LaneHarness

START_US = 1_700_000_000_000_000

MakeEvent = Callable[..., Event]


def _message(number: int, *, thread: str = "1", text: str = "", **fields: Any) -> Event:
    event = Event(
        event_id=f"e{number}",
        organisation_id="acme",
        brand_id="acme-air",
        channel="x",
        account_id="acmehelp",
        timeline="replay-1",
        occurred_at_us=START_US + number * 1_000_000,
        accepted_at_us=START_US + number * 1_000_000,
        thread_key=f"acme/x/{thread}",
        party_key=f"party-{thread}",
        message=Message(
            message_id=f"m{number}",
            author_kind=AuthorKind.AUTHOR_KIND_CUSTOMER,
            author_name="Ann Customer",
            text=text or f"where is my refund {number}",
        ),
        understanding=Understanding(
            language="en", sentiment=Sentiment.SENTIMENT_NEGATIVE, sentiment_score=-0.5
        ),
        conversation=Facts(
            conversation_id=f"cv_{thread}",
            ordinal=1,
            customer_id=f"cu_{thread}",
            brand_id="acme-air",
            channel="x",
            status="open",
            facts=[
                Fact(
                    kind=FactKind.FACT_KIND_CONTACT,
                    sign=1,
                    at_us=START_US + number * 1_000_000,
                )
            ],
        ),
    )
    for name, value in fields.items():
        setattr(event, name, value)
    return event


@pytest.fixture
def message() -> MakeEvent:
    return _message


@pytest.fixture
def tick() -> MakeEvent:
    def make(number: int) -> Event:
        return Event(timeline="replay-1", occurred_at_us=START_US + number * 1_000_000, tick=Tick())

    return make


@pytest.fixture
def run_ended() -> MakeEvent:
    def make(run_id: str = "run-1", accepted: int = 3, duplicates: int = 1) -> Event:
        return Event(
            event_id=f"{run_id}/ended",
            organisation_id="acme",
            timeline="replay-1",
            occurred_at_us=START_US + 3_600_000_000,
            timeline_ended=TimelineEnded(run_id=run_id, accepted=accepted, duplicates=duplicates),
        )

    return make


@pytest.fixture
def run_started() -> Event:
    return Event(
        timeline="replay-1",
        occurred_at_us=START_US,
        timeline_started=TimelineStarted(run_id="run-1"),
    )


@pytest.fixture
def lane() -> LaneHarness:
    return LaneHarness(SPEC, IndexEvents, partitions=range(4))


@dataclass
class HarnessLog:
    """The harness's inputs as the log that commands read; retention may have cut its beginning."""

    lane: LaneHarness
    begins: dict[int, int] = field(default_factory=dict)
    # What happens between two steps of a command: events come, the lane writes them.
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def bounds(self) -> dict[int, LogBounds]:
        if self.meanwhile is not None:
            await self.meanwhile()
        return {
            partition: LogBounds(self.begins.get(partition, 0), len(records))
            for partition, records in self.lane.inputs.items()
        }

    async def read(
        self, begin: Mapping[int, int], end: Mapping[int, int]
    ) -> AsyncIterator[Sequence[Record]]:
        for partition, until in end.items():
            assert begin[partition] >= self.begins.get(partition, 0), "retention removed it"
            for record in self.lane.inputs[partition][begin[partition] : until]:
                yield [record]

    async def snapshot(self) -> RestoredState:
        changes = {number: list(rows.items()) for number, rows in self.lane.changelog.items()}
        return RestoredState(SPEC, changes)


@pytest.fixture
def log(lane: LaneHarness) -> HarnessLog:
    return HarnessLog(lane)
