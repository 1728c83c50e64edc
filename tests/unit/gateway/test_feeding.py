from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from careline.event.v1.event_pb2 import Event
from services.gateway.domain.keys import PartyKeys
from services.gateway.importing.feeding import Feeder, Pace
from services.gateway.importing.recorded_events import RecordedEvents
from services.gateway.replay.records import ReplayMessage, ReplayRecord, ReplayStatus
from services.kernel.partitioning import partition_of

KEYS = PartyKeys("a secret of some length")
START = 1_000_000_000_000
SECOND = 1_000_000


@dataclass
class Head:
    batches: list[tuple[int, list[Event]]] = field(default_factory=list)
    flushed: int = 0

    def append(self, partition: int, events: Sequence[Event]) -> None:
        self.batches.append((partition, list(events)))

    def flush(self) -> None:
        self.flushed = len(self.batches)

    def of(self, partition: int) -> list[Event]:
        return [one for number, events in self.batches for one in events if number == partition]

    def bodies(self, kind: str) -> list[Event]:
        return [
            one for _, events in self.batches for one in events if one.WhichOneof("body") == kind
        ]


@dataclass
class FakeTime:
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def message(number: int, at_us: int, *, thread: str = "t", text: str = "") -> ReplayMessage:
    return ReplayMessage(
        event_id=f"x:{number}",
        thread_key=f"x:{thread}",
        author_id="c-1",
        author_kind="customer",
        occurred_at_us=at_us,
        text=text,
        message_id=str(number),
        reply_to_message_id="",
        brand_id="acme",
        channel="x",
        organisation_id="demo",
        account_id="acme",
    )


Feed = Callable[..., tuple[Head, FakeTime]]


@pytest.fixture
def feed() -> Feed:
    def run(
        records: Sequence[ReplayRecord],
        *,
        speed: float = math.inf,
        longest_wait: float = math.inf,
        run_id: str = "run",
    ) -> tuple[Head, FakeTime]:
        head, fake = Head(), FakeTime()
        told: list[int] = []
        pace = Pace(speed, longest_wait, lambda: fake.now, fake.pause)
        feeder = Feeder(head, RecordedEvents("replay-1", run_id, KEYS), 4, pace, told.append)
        feeder.feed(records, records[0].occurred_at_us, records[-1].occurred_at_us)
        assert told == sorted(told)
        assert told[-1] == len(records)
        assert head.flushed == len(head.batches)
        return head, fake

    return run


def test_every_partition_hears_the_first_and_the_last_word(feed: Feed) -> None:
    head, _ = feed([message(n, START + n) for n in range(10)])
    for partition in range(4):
        first, *_, last = head.of(partition)
        assert first.timeline_started.run_id == "run"
        assert first.occurred_at_us == START
        assert last.timeline_ended.run_id == "run"
        assert last.occurred_at_us == START + 9
        assert {one.timeline for one in head.of(partition)} == {"replay-1"}


def test_records_stand_in_their_threads_partition_in_order(feed: Feed) -> None:
    records = [message(n, START + n, thread=str(n % 7)) for n in range(2_000)]
    head, _ = feed(records)
    for partition in range(4):
        events = [one for one in head.of(partition) if one.WhichOneof("body") == "message"]
        assert all(partition_of(one.thread_key, 4) == partition for one in events)
        times = [one.occurred_at_us for one in head.of(partition)]
        assert times == sorted(times)
    assert len(head.bodies("message")) == 2_000


def test_batches_are_bounded(feed: Feed) -> None:
    head, _ = feed([message(n, START + n) for n in range(900)])
    assert max(len(events) for _, events in head.batches) == 200
    head, _ = feed([message(n, START + n, text="x" * 100_000) for n in range(20)])
    assert max(sum(one.ByteSize() for one in events) for _, events in head.batches) <= 512 * 1024


def test_time_moves_in_quiet_partitions_as_the_recording_goes_on(feed: Feed) -> None:
    head, _ = feed([message(n, START + n * SECOND) for n in range(1_750)])
    busy = partition_of("demo/x/x:t", 4)
    quiet = next(number for number in range(4) if number != busy)
    ticks = [one for one in head.of(quiet) if one.WhichOneof("body") == "tick"]
    assert [(one.occurred_at_us - START) // SECOND for one in ticks] == [499, 999, 1499, 1749]
    assert ticks[0].event_id == f"tick/replay-1/{quiet}/{START + 499 * SECOND}"


def test_the_same_file_gives_the_same_bytes_but_for_the_runs_id(feed: Feed) -> None:
    records = [message(n, START + n, thread=str(n % 7)) for n in range(1_200)]
    one, _ = feed(records, run_id="one")
    two, _ = feed(records, run_id="two")
    marks = {"timeline_started", "timeline_ended"}

    def plain(head: Head) -> list[tuple[int, list[bytes]]]:
        return [
            (
                partition,
                [e.SerializeToString() for e in events if e.WhichOneof("body") not in marks],
            )
            for partition, events in head.batches
        ]

    assert plain(one) == plain(two)


def test_a_paced_replay_waits_as_the_recording_did_and_ticks_meanwhile(feed: Feed) -> None:
    head, fake = feed([message(0, START), message(1, START + 10 * SECOND)], speed=2.0)
    assert fake.now == pytest.approx(5.0, abs=0.03)
    assert max(fake.pauses) == 1.0
    ticks = sorted({(one.occurred_at_us - START) // SECOND for one in head.bodies("tick")})
    assert ticks == [2, 4, 6, 8, 10]


def test_a_fast_replay_does_not_send_a_record_per_event(feed: Feed) -> None:
    head, fake = feed([message(n, START + n * SECOND) for n in range(1_000)], speed=1_000.0)
    assert fake.now == pytest.approx(1.0, abs=0.03)
    assert len(head.batches) < 60 * 4


def test_long_gaps_can_be_cut_short(feed: Feed) -> None:
    records = [message(0, START), message(1, START + 86_400 * SECOND)]
    head, fake = feed(records, speed=1.0, longest_wait=3.0)
    assert fake.now == pytest.approx(3.0, abs=0.03)
    times = [one.occurred_at_us for one in head.of(0)]
    assert times == sorted(times)


def test_a_recorded_message_has_the_live_channels_keys_and_no_trace() -> None:
    events = RecordedEvents("replay-1", "run", KEYS)
    event = events.of_record(message(7, START))
    assert event.event_id == "x:7"
    assert event.thread_key == "demo/x/x:t"
    assert event.party_key == KEYS.of("demo", "x", "c-1")
    assert event.accepted_at_us == event.occurred_at_us == START
    assert event.traceparent == ""
    assert event.message.author_name == ""


def test_a_recorded_status_change_has_no_author() -> None:
    record = ReplayStatus(
        event_id="h:1",
        thread_key="h:5",
        occurred_at_us=START,
        status="solved",
        assignee="team",
        priority="2",
        brand_id="",
        channel="desk",
        organisation_id="demo",
        account_id="desk",
    )
    event = RecordedEvents("replay-1", "run", KEYS).of_record(record)
    assert event.party_key == ""
    assert (event.status_changed.assignee, event.status_changed.priority) == ("team", "2")
    assert event.status_changed.status == 5
