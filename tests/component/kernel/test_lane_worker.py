"""The worker's promises while things around it fail: Faust, the broker and the clock are fakes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from careline.event.v1.event_pb2 import Event, EventBatch, Tick
from services.kernel.kafka import worker as worker_module
from services.kernel.kafka.worker import EXIT_FAILED, LaneWorker
from services.kernel.lane.core import LaneCore
from services.kernel.lane.records import Change
from services.kernel.lane.stage import Follower, LaneSpec, Sink, Stage, Turn

SPEC = LaneSpec(
    name="test.worker",
    input_topic="identity.event-identified.v1",
    output_topic="insight.event-understood.v1",
    state_topic="insight.understand-state.v1",
    decision_version="1",
)
PARTITION = TopicPartition(SPEC.input_topic, 0)


class Forward(Stage):
    def on_event(self, event: Event, turn: Turn) -> None:
        turn.emit(event)
        turn.effect(event.event_id)
        turn.follow_up(event.event_id)


class Broker:
    """Keeps what was written, in order, and refuses on demand."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.refusing = False
        self.silent = False
        self.changelog: dict[int, dict[bytes, bytes]] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def disown(self) -> None:
        self.written.append("disown")

    async def own(self, partitions: list[int]) -> None:
        self.written.append("own")

    async def write(self, what: Any) -> None:
        await asyncio.sleep(0)
        if self.silent:
            await asyncio.Event().wait()
        if self.refusing:
            raise ConnectionError("the broker refuses")
        if not isinstance(what, dict):
            self.written.append("outputs")
            return
        self.written.append("state")
        for partition, rows in what.items():
            self.changelog.setdefault(partition, {}).update(rows)


class Engine:
    """Faust as far as the worker sees it."""

    def __init__(self) -> None:
        self.consumer = self
        self.crash_reason: BaseException | None = None
        self.ended = asyncio.Event()
        self.highwaters = 0
        self.on_stop: Callable[[], Any] | None = None

    async def start(self) -> None: ...

    async def stop(self) -> None:
        if self.on_stop is not None:
            await self.on_stop()

    async def commit(self) -> None: ...

    async def wait_first(self) -> None:
        await self.ended.wait()

    def assignment(self) -> set[Any]:
        return {PARTITION}

    def highwater(self, _partition: object) -> int:
        return self.highwaters


class Bench:
    """A worker on fakes; ``exits`` holds the codes it would have ended the process with."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        sink: Sink | None = None,
        make_follower: Callable[[Broker], Follower] | None = None,
    ) -> None:
        self.broker, self.engine = Broker(), Engine()
        self.exits: list[int] = []
        self.stopping = asyncio.Event()
        self.log_start = 0
        monkeypatch.setattr(worker_module, "OutputWriter", lambda *_: self.broker)
        monkeypatch.setattr(worker_module, "StateWriter", lambda *_: self.broker)
        monkeypatch.setattr(worker_module, "read_state", self._read_state)
        monkeypatch.setattr(worker_module, "log_starts", self._log_starts)
        self.worker = LaneWorker(
            LaneCore(SPEC, Forward()),
            kafka="127.0.0.1:1",
            sink=sink,
            follower=None if make_follower is None else make_follower(self.broker),
            exit_process=self.exits.append,
        )
        self.worker.app = self.engine
        self.worker._stream = SimpleNamespace(ack=self._ack)

    async def _ack(self, _event: object) -> None:
        self.broker.written.append("ack")

    async def _read_state(self, *_: object) -> dict[int, list[Change]]:
        return {0: list(self.broker.changelog.get(0, {}).items())}

    async def _log_starts(self, *_: object) -> dict[int, int]:
        return {0: self.log_start}

    async def feed(self, offset: int) -> None:
        event = Event(event_id=str(offset), timeline="live", occurred_at_us=1, tick=Tick())
        message = SimpleNamespace(
            topic=SPEC.input_topic,
            partition=0,
            offset=offset,
            key=None,
            value=EventBatch(events=[event]).SerializeToString(),
            timestamp=1.0,
            headers=None,
        )
        self.engine.highwaters = max(self.engine.highwaters, offset + 1)
        await self.worker._take(SimpleNamespace(message=message))


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # what it waits for is not an event of ours
            await asyncio.sleep(0.001)


async def test_a_last_flush_that_fails_ends_the_process_before_another_can_follow(
    bench: Bench,
) -> None:
    running = asyncio.create_task(bench.worker.run(bench.stopping))
    await bench.worker._on_assigned()
    bench.broker.refusing = True
    bench.stopping.set()
    await bench.feed(0)
    with pytest.raises(ConnectionError):
        await running
    assert bench.exits[0] == EXIT_FAILED
    assert "ack" not in bench.broker.written


async def test_a_broker_that_never_answers_ends_the_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_BROKER_SECONDS", 0.05)
    await bench.worker._on_assigned()
    await bench.feed(0)
    bench.broker.silent = True
    with pytest.raises(TimeoutError):
        async with bench.worker._crash_on_error():
            await bench.worker._flush()
    assert bench.exits == [EXIT_FAILED]


async def test_an_engine_that_crashed_ends_the_process(bench: Bench) -> None:
    running = asyncio.create_task(bench.worker.run(bench.stopping))
    await bench.worker._on_assigned()
    bench.engine.crash_reason = OSError("the consumer thread died")
    bench.engine.ended.set()
    await eventually(lambda: bench.exits == [EXIT_FAILED])
    bench.stopping.set()
    await running


async def test_a_worker_that_stops_takes_no_partitions_any_more(bench: Bench) -> None:
    bench.engine.on_stop = bench.worker._on_assigned
    bench.stopping.set()
    await bench.worker.run(bench.stopping)
    assert "own" not in bench.broker.written
    assert bench.worker.core.partitions == []


class StuckSink:
    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def write(self, effects: object) -> None:
        await self.released.wait()


async def test_a_record_that_waits_for_its_sink_is_lag_and_no_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink = StuckSink()
    bench = Bench(monkeypatch, sink)
    await bench.worker._on_assigned()
    await bench.feed(0)
    flushing = asyncio.create_task(bench.worker._flush())
    await eventually(lambda: "outputs" in bench.broker.written)
    before = bench.worker.progress.moved_at
    bench.worker._measure_lag()
    assert bench.worker.progress.lag == {0: 1}
    assert bench.worker.progress.moved_at == before
    sink.released.set()
    await flushing
    bench.worker._measure_lag()
    assert bench.worker.progress.lag == {0: 0}


async def test_what_retention_removed_before_a_new_lane_began_is_not_its_lag(bench: Bench) -> None:
    bench.log_start = bench.engine.highwaters = 1_000
    await bench.worker._on_assigned()
    bench.worker._measure_lag()
    assert bench.worker.progress.lag == {0: 0}


class Listener:
    """Writes down what it is told, between what the broker is told."""

    def __init__(self, broker: Broker) -> None:
        self._told = broker.written

    def assigned(self, partitions: Sequence[int]) -> None:
        self._told.append(f"assigned {partitions}")

    def committed(self, follow_ups: Sequence[object]) -> None:
        self._told.append(f"committed {follow_ups}")

    async def revoked(self) -> None:
        self._told.append("revoked")


async def test_a_follower_hears_of_a_group_when_its_state_is_durable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, make_follower=Listener)
    await bench.worker._on_assigned()
    await bench.feed(0)
    await bench.feed(1)
    await bench.worker._flush()
    assert bench.broker.written == [
        "own",
        "assigned [0]",
        "state",
        "outputs",
        "state",
        "committed ['0', '1']",
        "ack",
        "ack",
    ]


async def test_a_follower_ends_after_the_last_group_and_before_anybody_else_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, make_follower=Listener)
    await bench.worker._on_assigned()
    await bench.feed(0)
    await bench.worker._on_revoked()
    assert bench.broker.written[-3:] == ["committed ['0']", "ack", "revoked"]
    assert bench.worker.core.partitions == []


async def test_a_follower_is_not_told_of_what_did_not_become_durable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, make_follower=Listener)
    await bench.worker._on_assigned()
    await bench.feed(0)
    bench.broker.refusing = True
    with pytest.raises(ConnectionError):
        await bench.worker._flush()
    assert bench.broker.written == ["own", "assigned [0]"]
