"""The service as it runs: a process of its own, killed and restarted, on the real Kafka."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import grpc

from careline.event.v1.event_pb2 import Event
from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from deploy.local.stack import LocalStack
from services.kpi.testing.events import NOON_US, SECOND_US, Events

Feed = Callable[[Sequence[Sequence[Event]], int], Awaitable[None]]
PARTITIONS = range(4)


def counts(response: messages.QueryResponse) -> dict[str, int]:
    return {row.group["brand"]: row.count for row in response.kpis[0].rows}


async def run_done(kpi: stubs.KpiServiceAsyncStub, run_id: str) -> messages.GetRunResponse:
    """Wait until a run's end is visible everywhere, over restarts of the service."""
    while True:
        try:
            run = await kpi.GetRun(messages.GetRunRequest(run_id=run_id), wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.UNAVAILABLE  # noqa: PT017 - killed by the test
            continue
        if len(run.partitions_done) == run.partitions_total:
            return run
        await asyncio.sleep(0.05)


async def health(stack: LocalStack, worker: str = "kpi") -> dict[str, object]:
    def get() -> dict[str, object]:
        url = f"http://127.0.0.1:{stack.service_ports(worker).metrics}/healthz"
        with urllib.request.urlopen(url, timeout=5) as response:
            found: dict[str, object] = json.load(response)
            return found

    return await asyncio.to_thread(get)


async def test_what_is_folded_is_watched(
    kpi_stack: LocalStack, kpi: stubs.KpiServiceAsyncStub, feed: Feed, events: Events
) -> None:
    query = messages.QueryRequest(
        kpis=["contacts"], group_by=["brand"], from_us=NOON_US, to_us=NOON_US + 900 * SECOND_US
    )
    call = kpi.Watch(messages.WatchRequest(query=query, min_interval_ms=100), wait_for_ready=True)
    seen: messages.WatchResponse | None = None
    for partition in PARTITIONS:
        await feed([[events.contact(5, brand="watched"), events.tick(60)]], partition)
    async for seen in call:
        if seen.live_watermark_us == NOON_US + 60 * SECOND_US:
            break
    assert seen is not None
    assert counts(seen.answer) == {"watched": 4}
    assert seen.answer.as_of_us == NOON_US + 5 * SECOND_US
    call.cancel()
    report = await health(kpi_stack)
    assert (report["healthy"], report["view"]) == (True, "complete")
    assert report["view_live_watermark_us"] == NOON_US + 60 * SECOND_US


async def test_every_event_counts_once_however_often_the_service_is_killed(
    kpi_stack: LocalStack, kpi: stubs.KpiServiceAsyncStub, feed: Feed, events: Events
) -> None:
    day = 24 * 3600
    sent: Counter[str] = Counter()
    for round_ in range(6):
        for partition in PARTITIONS:
            records = [
                [
                    events.contact(
                        day + 600 * round_ + number,
                        brand=f"brand {number % 7}",
                        timeline="replay-1",
                    )
                    for number in range(first, first + 50)
                ]
                for first in range(0, 2_000, 50)
            ]
            sent.update(event.brand_id for record in records for event in record)
            await feed(records, partition)
        if round_ in {1, 3, 4}:
            kpi_stack["kpi"].kill()
    for partition in PARTITIONS:
        await feed([[events.end_of_run("run-1", day + 9_000, accepted=12_000)]], partition)

    run = await run_done(kpi, "run-1")
    assert (run.accepted, run.duplicates) == (48_000, 4)
    query = messages.QueryRequest(
        kpis=["contacts"], group_by=["brand"], from_us=NOON_US + day * SECOND_US
    )
    assert counts(await kpi.Query(query, wait_for_ready=True)) == sent


async def test_every_replica_answers_for_all_partitions(
    kpi_stack: LocalStack, kpi: stubs.KpiServiceAsyncStub, feed: Feed, events: Events
) -> None:
    for partition in PARTITIONS:
        later = 30 * 24 * 3600
        contact = events.contact(later, brand="twice", timeline="replay-2")
        await feed([[contact, events.end_of_run("run-2", later)]], partition)
    await run_done(kpi, "run-2")
    query = messages.QueryRequest(kpis=["contacts"], group_by=["brand"])
    worker = await asyncio.to_thread(kpi_stack.start_worker, "kpi")
    address = f"127.0.0.1:{kpi_stack.service_ports(worker).grpc}"
    async with grpc.aio.insecure_channel(address) as channel:
        other = stubs.KpiServiceStub(channel)
        theirs = await other.Query(query, wait_for_ready=True)
    assert counts(theirs)["twice"] == 4
    assert theirs == await kpi.Query(query)
