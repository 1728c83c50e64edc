"""A lane whose stage does the least that a real one does: a keyed count, one change per thread.

Run as a process by ``lane_throughput``; prints one JSON line when it has taken all it was told to.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time

import uvloop

from careline.event.v1.event_pb2 import Event
from services.kernel.kafka.worker import FlushPolicy, LaneWorker
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec, Stage, Turn
from services.kernel.lane.state import table_of
from services.kernel.telemetry.logging import configure_logging

COUNTS = table_of("counts", int)
SPEC = LaneSpec(
    name="bench.count",
    input_topic="identity.event-identified.v1",
    output_topic="insight.event-understood.v1",
    state_topic="insight.understand-state.v1",
    decision_version="1",
    tables=(COUNTS,),
)


class CountPerThread(Stage):
    def on_event(self, event: Event, turn: Turn) -> None:
        counts = turn.table(COUNTS)
        key = event.thread_key
        counts.put(key, (counts.get(key) or 0) + 1)
        turn.emit(event)


async def run(kafka: str, expected_events: int, records_per_partition: int) -> None:
    worker = LaneWorker(
        LaneCore(SPEC, CountPerThread()),
        kafka=kafka,
        policy=FlushPolicy(records_per_partition, 0.05),
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(stopping))
    while worker.progress.events == 0:  # noqa: ASYNC110  # the figure needs no wake-up
        await asyncio.sleep(0.002)
    started, cpu = time.monotonic(), _cpu_seconds()
    first = worker.progress.events
    while worker.progress.events < expected_events:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    seconds, cpu = time.monotonic() - started, _cpu_seconds() - cpu
    stopping.set()
    await running
    events = expected_events - first
    sys.stdout.write(json.dumps({"events": events, "seconds": seconds, "cpu": cpu}) + "\n")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    configure_logging("bench", os.environ.get("CARELINE_LOG_LEVEL", "WARNING"))
    uvloop.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
