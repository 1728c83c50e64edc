"""Seconds from fencing to a lane that knows a million keys again."""

from __future__ import annotations

import asyncio
import time

from services.kernel.kafka.reading import read_state
from services.kernel.kafka.writing import StateWriter
from services.kernel.lane.core import LaneCore
from tests.bench.lane_worker import COUNTS, SPEC, CountPerThread

KEYS = 1_000_000
PARTITIONS = range(4)
_GROUP = 5_000


async def _restore(kafka: str) -> str:
    writer = StateWriter(kafka, SPEC.name, SPEC.state_topic)
    await writer.own(PARTITIONS)
    value = COUNTS.encode(1)
    per_partition = KEYS // len(PARTITIONS)
    for first in range(0, per_partition, _GROUP):
        rows = [(f"counts\0restore/{first + n:09d}".encode(), value) for n in range(_GROUP)]
        await writer.write(dict.fromkeys(PARTITIONS, rows))
    await writer.disown()
    started = time.monotonic()
    owner = StateWriter(kafka, SPEC.name, SPEC.state_topic)
    await owner.own(PARTITIONS)
    state = await read_state(kafka, SPEC.state_topic, PARTITIONS)
    core = LaneCore(SPEC, CountPerThread())
    core.assign(state)
    seconds = time.monotonic() - started
    keys = sum(len(table) for table in core.tables(COUNTS))
    await owner.disown()
    return f"{f'restore, {keys:,} keys':<36} {seconds:>10.2f} s"


def restore(kafka: str) -> str:
    return asyncio.run(_restore(kafka))
