"""Reading a compacted topic to its end: a lane's state on assignment, a replica's view."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.kernel.lane.records import Change

_POLL_MS = 200


async def read_state(kafka: str, topic: str, partitions: Iterable[int]) -> dict[int, list[Change]]:
    """Return each partition's newest committed record per key, tombstones left out.

    Call it only after every earlier owner is fenced: what they left open is aborted by then.
    """
    wanted = [TopicPartition(topic, partition) for partition in partitions]
    newest: dict[int, dict[bytes, bytes]] = {tp.partition: {} for tp in wanted}
    if not wanted:
        return {}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=_POLL_MS,
        check_crcs=False,
    )
    await consumer.start()
    try:
        consumer.assign(wanted)
        ends = await consumer.end_offsets(wanted)
        unread = {tp for tp in wanted if ends[tp] > 0}
        while unread:
            fetched = await consumer.getmany(*unread, timeout_ms=_POLL_MS)
            for tp, records in fetched.items():
                latest = newest[tp.partition]
                for record in records:
                    if record.value is None:
                        latest.pop(record.key, None)
                    else:
                        latest[record.key] = record.value
                await asyncio.sleep(0)
            for tp in list(unread):
                if await consumer.position(tp) >= ends[tp]:
                    unread.discard(tp)
    finally:
        await consumer.stop()
    return {partition: list(latest.items()) for partition, latest in newest.items()}


async def log_starts(kafka: str, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Return the first offset that retention has left in each partition."""
    wanted = [TopicPartition(topic, partition) for partition in partitions]
    if not wanted:
        return {}
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        starts = await consumer.beginning_offsets(wanted)
    finally:
        await consumer.stop()
    return {tp.partition: offset for tp, offset in starts.items()}
