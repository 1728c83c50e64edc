from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from dashboards.wall.feed import State
from dashboards.wall.grpc_feed import GrpcFeed
from dashboards.wall.kpi_client import Pace
from dashboards.wall.testing import DEFINITIONS
from dashboards.wall.view import DAY_US, QUARTER_US, WINDOWS, View
from deploy.local.ports import free_port
from services.kernel.clock import SystemClock, to_iso
from services.kernel.testing.clock import ManualClock

SECOND_US = 1_000_000
LIVE = View(WINDOWS["24h"])
PAST = View(WINDOWS["all"], at_us=1_512_327_156 * SECOND_US)
FAST = Pace(
    silence=5.0, answer=5.0, first_answer=5.0, past_refresh=5.0, idle=60.0, backoff=(0.01, 0.05)
)


@pytest.fixture
def running(eventually: Any) -> Any:
    @asynccontextmanager
    async def run(
        port: int, clock: ManualClock, pace: Pace = FAST, **options: Any
    ) -> AsyncIterator[GrpcFeed]:
        feed = GrpcFeed(f"127.0.0.1:{port}", list(DEFINITIONS), clock, pace=pace, **options)
        stopping = asyncio.Event()
        task = asyncio.create_task(feed.run(stopping))
        await eventually(lambda: feed._running is not None)
        try:
            yield feed
        finally:
            stopping.set()
            await task

    return run


async def read(feed: GrpcFeed, view: View) -> State:
    return await asyncio.to_thread(feed.read, view)


def contacts(state: State, brand: str = "") -> float | None:
    assert state.figures is not None
    return state.figures.totals["contacts"][brand].value


def from_us(state: State) -> int:
    assert state.figures is not None
    assert state.figures.ranges.from_us is not None
    return state.figures.ranges.from_us


async def test_the_default_view_is_watched_from_the_start(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        await eventually(lambda: feed.state.figures is not None)
        assert contacts(feed.state) == 40.0
        assert feed.state.watermark_us == kpi.watermark_us
        assert feed.state.contact_us == clock.now_us()
        figure = feed.state.figures
        assert figure is not None
        assert figure.totals["first_response_time"][""].p90 == 23_220.0
        assert figure.definitions["first_response_breaches"].target == 0.0
        assert figure.definitions["contacts"].target is None


async def test_the_question_is_the_last_day_in_quarter_hours(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock, organisation="acme") as feed:
        await eventually(lambda: feed.state.figures is not None)
    (watched,), (trend,) = kpi.watched, kpi.asked
    assert to_iso(watched.query.from_us) == "2026-03-11T10:45:00Z"
    assert not watched.query.HasField("to_us")
    assert (watched.query.bucket_us, trend.bucket_us) == (0, QUARTER_US)
    assert watched.query.organisation_id == "acme"
    assert list(watched.query.kpis) == list(DEFINITIONS)


async def test_news_reach_the_wall(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        await eventually(lambda: feed.state.figures is not None)
        kpi.say(contacts=41)
        await eventually(lambda: contacts(feed.state) == 41.0)


async def test_a_heartbeat_keeps_the_same_figures_and_asks_nothing_more(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        await eventually(lambda: feed.state.figures is not None)
        before = feed.state.figures
        asked = len(kpi.asked)
        clock.advance(3 * SECOND_US)
        kpi.wake()
        await eventually(lambda: feed.state.contact_us == clock.now_us())
        assert feed.state.figures is before
        assert len(kpi.asked) == asked


async def test_a_feed_survives_the_kpi_services_restart(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    port = free_port(set())
    keep = running(port, clock)
    async with serving(kpi, port):
        feed = await keep.__aenter__()
        await eventually(lambda: feed.state.figures is not None)
    heard = feed.state.contact_us
    clock.advance(50 * SECOND_US)
    assert feed.state.contact_us == heard
    assert contacts(await read(feed, LIVE)) == 40.0
    kpi.contacts = 55
    async with serving(kpi, port):
        await eventually(lambda: contacts(feed.state) == 55.0)
        assert feed.state.contact_us == clock.now_us()
        await keep.__aexit__(None, None, None)


async def test_a_feed_waits_for_a_kpi_service_that_starts_later(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    port = free_port(set())
    async with running(port, clock) as feed:
        assert await read(feed, LIVE) == State()
        async with serving(kpi, port):
            await eventually(lambda: feed.state.figures is not None)


async def test_a_silent_connection_is_given_up_and_made_anew(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    pace = replace(FAST, silence=0.05)
    async with serving(kpi) as port, running(port, clock, pace) as feed:
        await eventually(lambda: feed.state.figures is not None)
        await eventually(lambda: len(kpi.watched) >= 3)
        await eventually(lambda: kpi.open_watches <= 1)


async def test_the_window_moves_on_with_the_clock(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        await eventually(lambda: feed.state.figures is not None)
        before = from_us(feed.state)
        clock.advance(QUARTER_US)
        kpi.wake()
        await eventually(lambda: len(kpi.watched) == 2)
        await eventually(lambda: from_us(feed.state) == before + QUARTER_US)


async def test_another_window_is_watched_when_it_is_asked_for(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        week = await read(feed, View(WINDOWS["7d"]))
        assert week.figures is not None
        assert week.figures.ranges.points == 84
        await eventually(lambda: kpi.open_watches == 2)


async def test_a_window_that_nobody_asks_for_any_more_is_let_go(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        await eventually(lambda: feed.state.figures is not None)
        await read(feed, View(WINDOWS["all"]))
        clock.advance(61 * SECOND_US)
        kpi.wake()
        await eventually(lambda: kpi.open_watches == 1)
        kpi.say(contacts=41)
        assert contacts(await read(feed, View(WINDOWS["all"]))) == 41.0


async def test_brands_are_told_apart_by_one_question(
    kpi: Any, serving: Any, running: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        sky = await read(feed, View(WINDOWS["24h"], brand="Sky"))
        sea = await read(feed, View(WINDOWS["24h"], brand="Sea"))
        assert (contacts(sky, "Sky"), contacts(sea, "Sea")) == (30.0, 10.0)
        assert sky.figures is sea.figures
        assert sky.figures is not None
        assert sky.figures.trends["contacts"]["Sky"]


async def test_a_past_moment_is_asked_once_for_all_screens(
    kpi: Any, serving: Any, running: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        states = await asyncio.gather(*(read(feed, PAST) for _ in range(5)))
        assert {contacts(state) for state in states} == {40.0}
        past = [question for question in kpi.asked if question.HasField("to_us")]
        assert len(past) == 2  # the totals and the trend
        assert to_iso(past[0].to_us) == "2017-12-03T19:00:00Z"
        assert not past[0].HasField("from_us")
        assert past[1].bucket_us == DAY_US


async def test_a_past_moment_is_asked_anew_while_somebody_looks(
    kpi: Any, serving: Any, running: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port, running(port, clock) as feed:
        before = await read(feed, PAST)
        kpi.contacts = 41
        assert await read(feed, PAST) is before
        clock.advance(6 * SECOND_US)
        after = await read(feed, PAST)
        assert contacts(after) == 41.0
        clock.advance(6 * SECOND_US)
        assert (await read(feed, PAST)).figures is after.figures


async def test_a_past_moment_keeps_its_last_answer_and_its_age_when_nobody_answers(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port:
        keep = running(port, clock)
        feed = await keep.__aenter__()
        before = await read(feed, PAST)
    clock.advance(40 * SECOND_US)
    after = await read(feed, PAST)
    assert after == before
    assert after.contact_us == clock.now_us() - 40 * SECOND_US
    await keep.__aexit__(None, None, None)


async def test_a_kpi_that_an_older_service_does_not_know_is_not_asked_for(
    kpi: Any, serving: Any, running: Any, eventually: Any, clock: ManualClock
) -> None:
    kpi.known = ("contacts", "replies")
    async with serving(kpi) as port, running(port, clock) as feed:
        await eventually(lambda: feed.state.figures is not None)
        assert list(kpi.watched[0].query.kpis) == ["contacts", "replies"]


async def test_nobody_waits_twice_for_a_service_that_does_not_answer(
    kpi: Any, serving: Any, running: Any, clock: ManualClock
) -> None:
    kpi.silent = True
    pace = replace(FAST, first_answer=0.05)
    async with serving(kpi) as port, running(port, clock, pace) as feed:
        assert await read(feed, LIVE) == State()
        assert feed.read(LIVE) == State()  # would block the loop for ever if it waited
        assert await read(feed, PAST) == State()


def test_a_feed_that_does_not_run_knows_nothing() -> None:
    feed = GrpcFeed("127.0.0.1:1", ["contacts"], SystemClock())
    assert feed.read(LIVE) == feed.read(PAST) == State()


async def test_a_stopped_feed_says_nothing_any_more(
    kpi: Any, serving: Any, running: Any, clock: ManualClock
) -> None:
    async with serving(kpi) as port:
        async with running(port, clock) as feed:
            assert contacts(await read(feed, LIVE)) == 40.0
        assert (await read(feed, LIVE), await read(feed, PAST)) == (State(), State())
