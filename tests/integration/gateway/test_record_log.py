"""One suite over the log in memory and the real one: the fake keeps the promises of Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.stack import LocalStack
from services.gateway.adapters.kafka_log import KafkaLog
from services.gateway.adapters.memory_log import MemoryLog
from services.gateway.ports import RecordLog
from services.gateway.records import TRACE_HEADER, decode_spooled, encode_spooled
from services.kernel.lane.records import Output

# The head's dead letters take any bytes and nobody reads them here.
TOPIC = "intake.event-accepted.v1.dlq"


def record(number: int, partition: int = 1) -> Output:
    headers = ((TRACE_HEADER, b"00-trace"),)
    return Output(TOPIC, partition, None, f"value {number}".encode(), number, headers)


@dataclass
class Subject:
    log: RecordLog
    go_away: Callable[[], None]
    come_back: Callable[[], None]
    read: Callable[[], Awaitable[list[Output]]]


def in_memory() -> Subject:
    log = MemoryLog()

    async def read() -> list[Output]:
        return log.records

    return Subject(log, log.go_away, log.come_back, read)


def in_kafka(stack: LocalStack) -> Subject:
    kafka = stack["kafka"]
    address = stack.env["CARELINE_KAFKA"]

    async def read() -> list[Output]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=address, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(TOPIC, number) for number in range(4)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            found = []
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += [
                        Output(
                            one.topic,
                            one.partition,
                            one.key,
                            one.value,
                            one.timestamp,
                            tuple(one.headers),
                        )
                        for one in records
                    ]
        finally:
            await consumer.stop()
        return found

    return Subject(KafkaLog(address), kafka.freeze, kafka.thaw, read)


@pytest.fixture(params=["memory", "kafka"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    made = (
        in_memory()
        if request.param == "memory"
        else in_kafka(request.getfixturevalue("gateway_stack"))
    )
    await made.log.connect()
    yield made
    await made.log.stop()


def numbered(records: list[Output], numbers: range) -> list[Output]:
    wanted = {record(number).value for number in numbers}
    return [one for one in records if one.value in wanted]


async def test_records_arrive_as_they_were_given_each_partitions_in_order(
    subject: Subject,
) -> None:
    given = [record(number, number % 2) for number in range(1, 50)]
    await subject.log.append(given[:20])
    await subject.log.append(given[20:])
    found = numbered(await subject.read(), range(1, 50))
    for partition in (0, 1):
        expected = [one for one in given if one.partition == partition]
        assert [one for one in found if one.partition == partition] == expected


async def test_an_append_waits_for_a_log_that_is_away(subject: Subject) -> None:
    subject.go_away()
    appending = asyncio.create_task(subject.log.append([record(100)]))
    done, _ = await asyncio.wait({appending}, timeout=0.2)
    subject.come_back()
    assert not done
    await appending
    assert len(numbered(await subject.read(), range(100, 101))) == 1


async def test_an_attempt_that_was_given_up_may_take_effect_and_harms_nothing(
    subject: Subject,
) -> None:
    subject.go_away()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await subject.log.append([record(200)])
    subject.come_back()
    await subject.log.append([record(201)])
    found = [one.value for one in numbered(await subject.read(), range(200, 202))]
    assert found in ([b"value 201"], [b"value 200", b"value 201"])


def test_a_spooled_record_is_the_same_record_at_a_later_time() -> None:
    original = record(5, 3)
    again = decode_spooled(encode_spooled(original), 9_000)
    assert again == replace(original, timestamp_ms=9)
