"""One lane as a process, for ``lanes``: takes what the topic holds and prints one JSON line.

``count`` is a stage that does the least that a real one does: a keyed count, one change per thread.
``kpi`` is the KPI fold as it runs in the product.
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
from services.kernel.kafka.worker import LaneWorker
from services.kernel.lane.core import LaneCore
from services.kernel.lane.stage import LaneSpec, Stage, Turn
from services.kernel.lane.state import table_of
from services.kernel.telemetry.logging import configure_logging
from services.kpi.streams import build_lane

COUNTS = table_of("counts", int)
SPEC = LaneSpec(
    name="bench.count",
    input_topic="identity.event-identified.v1",
    output_topic="insight.event-understood.v1",
    state_topic="insight.understand-state.v1",
    decision_version="1",
    tables=(COUNTS,),
)
_LOOK_SECONDS = 0.005


class CountPerThread(Stage):
    def on_event(self, event: Event, turn: Turn) -> None:
        counts = turn.table(COUNTS)
        key = event.thread_key
        counts.put(key, (counts.get(key) or 0) + 1)
        turn.emit(event)


async def run(kafka: str, lane: str, expected_events: int) -> None:
    core = LaneCore(SPEC, CountPerThread()) if lane == "count" else build_lane()
    worker = LaneWorker(core, kafka=kafka)
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(stopping))
    await _until(worker, 1)
    started, cpu, first = time.monotonic(), _cpu_seconds(), worker.progress.events
    await _until(worker, expected_events)
    seconds, cpu = time.monotonic() - started, _cpu_seconds() - cpu
    stopping.set()
    await running
    events = expected_events - first
    sys.stdout.write(json.dumps({"events": events, "seconds": seconds, "cpu": cpu}) + "\n")


async def _until(worker: LaneWorker, events: int) -> None:
    while worker.progress.events < events:  # noqa: ASYNC110  # a look every 5 ms is precise enough
        await asyncio.sleep(_LOOK_SECONDS)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    configure_logging("bench", os.environ.get("CARELINE_LOG_LEVEL", "WARNING"))
    uvloop.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
