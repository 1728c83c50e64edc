"""What the lane relies on, asked of the real broker."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import ProducerFenced
from kafka import KafkaProducer

from careline.event.v1.event_pb2 import Event, EventBatch
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock
from services.kernel.kafka.admin import apply_topics, check_topics
from services.kernel.kafka.dead_letters import count_waiting, put_back, waiting_letters
from services.kernel.kafka.reading import log_starts, read_state
from services.kernel.kafka.writing import OutputWriter, StateWriter
from services.kernel.lane.dead_letters import dead_letter
from services.kernel.lane.records import SOURCE_HEADER, Output, Record, Source

STATE = "sla.clock-state.v1"
INPUT = "insight.event-understood.v1"
# Retention would remove what is dated long ago.
NOW_MS = SystemClock().now_us() // 1_000


@pytest.fixture
def kafka(infrastructure: LocalStack) -> str:
    return infrastructure.env["CARELINE_KAFKA"]


def test_applying_the_topics_again_changes_nothing(kafka: str) -> None:
    assert apply_topics(kafka) == []
    assert check_topics(kafka) == []


async def test_state_is_read_back_with_the_newest_value_of_each_key(kafka: str) -> None:
    writer = StateWriter(kafka, "test.newest", STATE)
    await writer.own([0, 1])
    await writer.write({0: [(b"a", b"1"), (b"b", b"1")], 1: [(b"c", b"1")]})
    await writer.write({0: [(b"a", b"2"), (b"b", None)]})
    await writer.disown()
    state = await read_state(kafka, STATE, [0, 1])
    assert dict(state[0])[b"a"] == b"2"
    assert b"b" not in dict(state[0])
    assert dict(state[1])[b"c"] == b"1"


async def test_a_worker_that_was_thought_dead_can_spoil_nothing(kafka: str) -> None:
    zombie, owner = (StateWriter(kafka, "test.zombie", STATE) for _ in range(2))
    await zombie.own([2])
    await zombie.write({2: [(b"z", b"before")]})
    await owner.own([2])
    await owner.write({2: [(b"z", b"after")]})
    with pytest.raises(ProducerFenced):
        await zombie.write({2: [(b"z", b"spoilt")]})
    assert dict((await read_state(kafka, STATE, [2]))[2])[b"z"] == b"after"
    await owner.disown()
    await zombie.disown()


async def test_an_empty_state_topic_is_read_at_once(kafka: str) -> None:
    async with asyncio.timeout(10):
        assert await read_state(kafka, "conversation.record-state.v1", [0, 3]) == {0: [], 3: []}
        assert await read_state(kafka, "conversation.record-state.v1", []) == {}
        assert await log_starts(kafka, INPUT, [0]) == {0: 0}


async def test_a_large_group_is_written_whole_and_in_order(kafka: str) -> None:
    writer = StateWriter(kafka, "test.large", "identity.resolve-state.v1")
    await writer.own([0])
    rows = [(f"{number:06d}".encode(), b"x" * 1_000) for number in range(5_000)]
    await writer.write({0: rows})
    await writer.disown()
    state = await read_state(kafka, "identity.resolve-state.v1", [0])
    assert state[0] == rows


async def test_a_dead_letter_goes_back_once_with_its_bytes(kafka: str) -> None:
    record = Record(INPUT, 1, 7, b"key", b"", NOW_MS)
    value = EventBatch(events=[Event(event_id="bad")]).SerializeToString()
    letter = dead_letter(
        record,
        topic=f"{INPUT}.dlq",
        lane="test",
        source=Source(INPUT, 1, 1, 7, 0),
        value=value,
        reason="made to be bad",
    )
    outputs = OutputWriter(kafka, "test-outputs")
    await outputs.start()
    # A lane that dies between its outputs and its state writes a letter twice.
    await outputs.write([letter, letter])
    await outputs.stop()
    (first, second) = await asyncio.to_thread(waiting_letters, kafka, f"{INPUT}.dlq")
    assert (first.reason, first.origin, first.value) == ("made to be bad", f"{INPUT}/1/7", value)
    assert first.source == second.source
    assert await asyncio.to_thread(put_back, kafka, f"{INPUT}.dlq") == 1
    assert await asyncio.to_thread(put_back, kafka, f"{INPUT}.dlq") == 0
    waiting = {each.topic: each.count for each in await asyncio.to_thread(count_waiting, kafka)}
    assert waiting[f"{INPUT}.dlq"] == 0


async def test_outputs_keep_their_order_and_headers(kafka: str) -> None:
    writer = OutputWriter(kafka, "test-order")
    await writer.start()
    outputs = [
        Output(INPUT, 3, None, str(number).encode(), NOW_MS, ((SOURCE_HEADER, b"s"),))
        for number in range(3_000)
    ]
    await writer.write(outputs)
    await writer.stop()
    state = await read_state(kafka, INPUT, [3])
    assert state[3][-1][1] == b"2999"
    producer = KafkaProducer(bootstrap_servers=kafka)
    assert producer.partitions_for(INPUT) == {0, 1, 2, 3}
    producer.close()
