"""KpiService over a real connection, before a replica in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import grpc
import pytest

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import Event
from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from services.kernel.testing.harness import LaneHarness
from services.kpi.adapters.memory import MemoryCells
from services.kpi.answers import Answers
from services.kpi.domain.cells import FINE_US
from services.kpi.domain.definitions import catalogue
from services.kpi.feeds import Feeds, Pace
from services.kpi.replica import Replica
from services.kpi.servicer import KpiServicer
from services.kpi.streams import lane_spec, make_stage
from services.kpi.testing.events import NOON_US, SECOND_US, Events

HOUR_US = 60 * FINE_US
PARTITIONS = range(2)
CONTACTS = messages.QueryRequest(kpis=["contacts"])
QUICK = Pace(interval_seconds=0.02, shortest_interval_seconds=0.01, heartbeat_seconds=30)


class Kpi:
    """A lane of two partitions, a replica over its topic, and the service before it."""

    def __init__(self, stub: stubs.KpiServiceAsyncStub, pace: Pace) -> None:
        self.stub = stub
        self.lane = LaneHarness(lane_spec(), make_stage, PARTITIONS)
        self.cells = MemoryCells()
        self.replica = Replica(1, len(PARTITIONS))
        self.answers = Answers(self.replica, catalogue())
        self.feeds = Feeds(self.replica, self.answers, pace)
        self.servicer = KpiServicer(self.replica, self.answers, self.feeds, catalogue())

    async def happen(self, *events: Event, partition: int = 0) -> None:
        self.lane.feed(*events, partition=partition)
        await self.cells.write(self.lane.core.close().changes)

    def watch(
        self, query: messages.QueryRequest = CONTACTS, min_interval_ms: int = 0
    ) -> grpc.aio.UnaryStreamCall[messages.WatchRequest, messages.WatchResponse]:
        return self.stub.Watch(messages.WatchRequest(query=query, min_interval_ms=min_interval_ms))


@asynccontextmanager
async def serving(pace: Pace = QUICK) -> AsyncIterator[Kpi]:
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel, asyncio.timeout(30):
        kpi = Kpi(stubs.KpiServiceStub(channel), pace)
        stubs.add_KpiServiceServicer_to_server(kpi.servicer, server)
        await server.start()
        yield kpi
    await server.stop(None)


@pytest.fixture
async def kpi() -> AsyncIterator[Kpi]:
    """Serve from a replica that has read all there is."""
    async with serving() as kpi:
        await kpi.cells.read_into(kpi.replica)
        yield kpi


async def refused(call: object) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call  # type: ignore[misc]  # a grpc call is awaitable
    return raised.value.code(), raised.value.details() or ""


async def heard(
    call: grpc.aio.UnaryStreamCall[messages.WatchRequest, messages.WatchResponse],
) -> messages.WatchResponse:
    response = await call.read()
    assert isinstance(response, messages.WatchResponse)
    return response


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition; the fixture's timeout ends it."""
    while not is_so():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.005)


async def test_a_question_is_answered_with_its_rows(kpi: Kpi, events: Events) -> None:
    await kpi.happen(events.contact(), events.contact(90, brand="south"))
    await kpi.happen(events.contact(30, brand="south"), partition=1)
    response = await kpi.stub.Query(
        messages.QueryRequest(
            kpis=["contacts"],
            group_by=["brand"],
            from_us=NOON_US,
            to_us=NOON_US + HOUR_US,
            bucket_us=FINE_US,
        )
    )
    assert response.as_of_us == NOON_US + 90 * SECOND_US
    (contacts,) = response.kpis
    assert (contacts.kpi, contacts.definition_version, contacts.unit) == (
        "contacts",
        "1",
        "messages",
    )
    assert [
        (row.group["brand"], row.bucket_start_us - NOON_US, row.count, row.value)
        for row in contacts.rows
    ] == [("north", 0, 1, 1.0), ("south", 0, 1, 1.0), ("south", FINE_US, 1, 1.0)]
    assert not contacts.rows[0].HasField("p50")


async def test_durations_are_answered_in_seconds(kpi: Kpi, events: Events) -> None:
    for seconds in (10, 20, 30):
        kind = FactKind.FACT_KIND_FIRST_RESPONSE
        await kpi.happen(events.fact(kind, seconds, lasting=seconds))
    response = await kpi.stub.Query(messages.QueryRequest(kpis=["first_response_time"]))
    (row,) = response.kpis[0].rows
    assert row.value == row.p50 == pytest.approx(20, rel=0.01)
    assert row.mean == 20
    assert not row.HasField("bucket_start_us")


async def test_without_facts_there_is_no_instant_and_no_row(kpi: Kpi) -> None:
    response = await kpi.stub.Query(CONTACTS)
    assert not response.HasField("as_of_us")
    assert [(part.kpi, list(part.rows)) for part in response.kpis] == [("contacts", [])]


async def test_one_organisation_is_not_told_of_another(kpi: Kpi, events: Events) -> None:
    await kpi.happen(events.contact())
    query = messages.QueryRequest(kpis=["contacts"], organisation_id="other")
    assert not (await kpi.stub.Query(query)).kpis[0].rows


async def test_an_unknown_kpi_is_refused_with_the_nearest_names(kpi: Kpi) -> None:
    code, details = await refused(kpi.stub.Query(messages.QueryRequest(kpis=["contcts"])))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "did you mean contacts" in details


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (messages.QueryRequest(), "names no KPI"),
        (messages.QueryRequest(kpis=["contacts"], from_us=1), "round it to a whole minute"),
        (messages.QueryRequest(kpis=["contacts"], bucket_us=-60), "no multiple of 60 s"),
        (messages.QueryRequest(kpis=["contacts"], from_us=FINE_US, to_us=0), "is empty"),
        (messages.QueryRequest(kpis=["contacts"], group_by=["agent"]), "group_by agent"),
        (messages.QueryRequest(kpis=["contacts"], from_us=2**62), "check its unit"),
    ],
)
async def test_a_wrong_question_is_refused_with_the_remedy(
    kpi: Kpi, query: messages.QueryRequest, reason: str
) -> None:
    code, details = await refused(kpi.stub.Query(query))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason in details
    code, details = await refused(kpi.watch(query).read())
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason in details


async def test_a_replica_that_still_reads_answers_nothing(events: Events) -> None:
    async with serving() as kpi:
        await kpi.happen(events.contact())
        for call in (kpi.stub.Query(CONTACTS), kpi.watch().read()):
            code, details = await refused(call)
            assert code is grpc.StatusCode.UNAVAILABLE
            assert "still reading" in details
        await kpi.cells.read_into(kpi.replica)
        assert (await kpi.stub.Query(CONTACTS)).kpis[0].rows[0].count == 1


async def test_the_same_question_of_the_same_cells_is_computed_once(
    kpi: Kpi, events: Events
) -> None:
    await kpi.happen(events.contact())
    await asyncio.gather(*(kpi.stub.Query(CONTACTS) for _ in range(20)))
    assert kpi.answers.computed == 1
    await kpi.happen(events.contact(1))
    assert (await kpi.stub.Query(CONTACTS)).kpis[0].rows[0].count == 2
    assert kpi.answers.computed == 2


async def test_a_watcher_sees_the_answer_now_and_when_it_changes(kpi: Kpi, events: Events) -> None:
    await kpi.happen(events.contact())
    call = kpi.watch()
    first = await heard(call)
    assert first.answer.kpis[0].rows[0].count == 1
    await kpi.happen(events.contact(1))
    assert (await heard(call)).answer.kpis[0].rows[0].count == 2
    call.cancel()


async def test_a_watcher_sees_the_live_watermark_move(kpi: Kpi, events: Events) -> None:
    call = kpi.watch()
    assert (await heard(call)).live_watermark_us == 0
    await kpi.happen(events.tick(5), partition=0)
    await kpi.happen(events.tick(9), partition=1)
    assert (await heard(call)).live_watermark_us == NOON_US + 5 * SECOND_US
    computed = kpi.answers.computed
    await kpi.happen(events.tick(7), partition=0)
    moved = await heard(call)
    assert moved.live_watermark_us == NOON_US + 7 * SECOND_US
    assert moved.answer.kpis[0].kpi == "contacts"
    assert kpi.answers.computed == computed
    call.cancel()


async def test_a_replays_time_is_not_the_live_watermark(kpi: Kpi, events: Events) -> None:
    for partition in PARTITIONS:
        await kpi.happen(events.tick(5, timeline="replay-1"), partition=partition)
    assert kpi.replica.stamp.live_watermark_us == 0


async def test_a_quiet_watch_is_told_that_it_lives() -> None:
    pace = Pace(interval_seconds=0.01, shortest_interval_seconds=0.01, heartbeat_seconds=0.05)
    async with serving(pace) as kpi:
        await kpi.cells.read_into(kpi.replica)
        call = kpi.watch()
        responses = [await heard(call) for _ in range(3)]
        assert responses[0] == responses[1] == responses[2]
        call.cancel()


async def test_a_watcher_is_told_no_more_often_than_it_asked(kpi: Kpi, events: Events) -> None:
    loop = asyncio.get_running_loop()
    call = kpi.watch(min_interval_ms=150)
    await heard(call)
    began = loop.time()
    seen = 0
    while seen < 12:
        await kpi.happen(*(events.contact(number) for number in range(4)))
        seen = (await heard(call)).answer.kpis[0].rows[0].count
    assert loop.time() - began >= 0.3
    call.cancel()


async def test_everyone_who_watches_the_same_shares_one_answer(kpi: Kpi, events: Events) -> None:
    calls = [kpi.watch() for _ in range(25)]
    await asyncio.gather(*(heard(call) for call in calls))
    assert len(kpi.feeds) == 1
    assert kpi.answers.computed == 1
    await kpi.happen(events.contact())
    responses = await asyncio.gather(*(heard(call) for call in calls))
    assert {response.answer.kpis[0].rows[0].count for response in responses} == {1}
    assert kpi.answers.computed == 2
    for call in calls:
        call.cancel()


async def test_a_feed_ends_with_its_last_watcher(kpi: Kpi) -> None:
    calls = [kpi.watch(), kpi.watch(min_interval_ms=5_000)]
    for call in calls:
        await heard(call)
    assert len(kpi.feeds) == 2
    for call in calls:
        call.cancel()
    await until(lambda: len(kpi.feeds) == 0)


async def test_a_watcher_that_comes_later_gets_the_newest_answer_at_once(
    kpi: Kpi, events: Events
) -> None:
    early = kpi.watch()
    await heard(early)
    await kpi.happen(events.contact())
    await heard(early)
    late = kpi.watch()
    assert (await heard(late)).answer.kpis[0].rows[0].count == 1
    assert kpi.answers.computed == 2
    for call in (early, late):
        call.cancel()


async def test_a_question_that_cannot_be_answered_any_more_ends_its_watch(
    kpi: Kpi, events: Events
) -> None:
    await kpi.happen(events.contact())
    query = messages.QueryRequest(kpis=["contacts"], from_us=NOON_US, to_us=NOON_US + FINE_US)
    call = kpi.watch(query)
    assert (await heard(call)).answer.kpis[0].rows[0].count == 1
    await kpi.happen(events.tick(3 * 24 * 3600), events.contact(3 * 24 * 3600))
    code, details = await refused(call.read())
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "no longer kept in steps of 60 s" in details


async def test_definitions_are_listed_in_both_languages(kpi: Kpi) -> None:
    listed = await kpi.stub.ListDefinitions(messages.ListDefinitionsRequest())
    by_id = {definition.kpi: definition for definition in listed.definitions}
    assert list(by_id) == list(catalogue().ids)
    breaches = by_id["first_response_breaches"]
    assert (breaches.name_en, breaches.name_zh) == ("First response breaches", "首响超时数")
    assert (breaches.version, breaches.unit, breaches.direction) == ("1", "breaches", "down")
    assert breaches.target == 0
    assert not by_id["contacts"].HasField("target")
    assert by_id["first_response_time"].reading == "p50"


async def test_a_run_is_done_where_its_end_was_folded(kpi: Kpi, events: Events) -> None:
    request = messages.GetRunRequest(run_id="run-7")
    before = await kpi.stub.GetRun(request)
    assert (list(before.partitions_done), before.partitions_total) == ([], 2)
    await kpi.happen(events.end_of_run("run-7", accepted=5), partition=1)
    half = await kpi.stub.GetRun(request)
    assert (list(half.partitions_done), half.accepted, half.duplicates) == ([1], 5, 1)
    await kpi.happen(events.end_of_run("run-7", accepted=4), partition=0)
    done = await kpi.stub.GetRun(request)
    assert (list(done.partitions_done), done.accepted, done.duplicates) == ([0, 1], 9, 2)


async def test_a_run_without_a_name_is_refused(kpi: Kpi) -> None:
    code, details = await refused(kpi.stub.GetRun(messages.GetRunRequest()))
    assert (code, details) == (grpc.StatusCode.INVALID_ARGUMENT, "run_id is empty")


async def test_an_asker_that_leaves_does_not_take_the_answer_from_others(
    kpi: Kpi, events: Events
) -> None:
    await kpi.happen(events.contact())
    async with kpi.replica.reading():
        leaving, staying = (asyncio.create_task(kpi.answers.answer(CONTACTS)) for _ in range(2))
        await until(lambda: kpi.answers.computed == 1)
        leaving.cancel()
    assert (await staying).response.kpis[0].rows[0].count == 1


async def test_a_slow_watcher_misses_answers_but_not_the_newest(kpi: Kpi, events: Events) -> None:
    async with aclosing(kpi.feeds.watch(messages.WatchRequest(query=CONTACTS))) as responses:
        await anext(responses)
        for number in range(3):
            await kpi.happen(events.contact(number))
            await until(lambda count=number: latest(kpi) == count + 1)  # type: ignore[misc]
        assert (await anext(responses)).answer.kpis[0].rows[0].count == 3


def latest(kpi: Kpi) -> int:
    (feed,) = kpi.feeds._feeds.values()
    return sum(row.count for row in feed._latest.answer.kpis[0].rows)
