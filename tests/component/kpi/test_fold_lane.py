"""The lane without a broker: what reaches it, what its topic says afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careline.conversation.v1.facts_pb2 import Fact, FactKind
from careline.event.v1.event_pb2 import Event
from careline.sla.v1.clocks_pb2 import ClockEventKind
from services.kernel.lane.records import REASON_HEADER, SOURCE_HEADER, Source
from services.kernel.testing.harness import Instant, LaneHarness
from services.kpi.domain.definitions import catalogue
from services.kpi.domain.index import Index
from services.kpi.domain.query import FIRST_US, LAST_US, Request, run
from services.kpi.streams import lane_spec, make_stage
from services.kpi.tables import CELLS, RUNS, RunEnd
from services.kpi.testing.events import NOON_US, SECOND_US, Events

HOUR = 3600
DAY = 24 * HOUR
BREACHED = ClockEventKind.CLOCK_EVENT_KIND_BREACHED
WITHDRAWN = ClockEventKind.CLOCK_EVENT_KIND_WITHDRAWN


def cells(lane: LaneHarness) -> dict[str, bytes]:
    return {
        key.removeprefix(b"cell\x00").decode(): value
        for key, value in lane.changelog[0].items()
        if key.startswith(b"cell\x00")
    }


def figures(lane: LaneHarness, *, by: str | None = None) -> dict[str, dict[str, int]]:
    """Return the counts that the lane's topic gives, per KPI and group."""
    index = Index(1)
    for key, value in cells(lane).items():
        index.apply(key, value)
    request = Request(catalogue().ids, FIRST_US, LAST_US, group_by=(by,) if by else ())
    answer = run(index, request)
    return {
        kpi: {row["group"].get(by or "", "all"): row["count"] for row in part["rows"]}
        for kpi, part in answer["kpis"].items()
        if part["rows"]
    }


def test_every_fact_counts_for_its_kpi(lane: LaneHarness, events: Events) -> None:
    kind = FactKind
    lane.feed(
        events.fact(kind.FACT_KIND_OPENED),
        events.contact(),
        events.contact(30, negative=True),
        events.fact(kind.FACT_KIND_REPLY, 60),
        events.fact(kind.FACT_KIND_FIRST_RESPONSE, 60, lasting=60),
        events.fact(kind.FACT_KIND_SOLVED, 90, lasting=90),
        events.fact(kind.FACT_KIND_STATUS_CHANGED, 90),
        events.fact(kind.FACT_KIND_REOPENED, 95),
        events.clock(BREACHED, 100),
        events.clock(BREACHED, 100, clock="resolution"),
        events.clock(ClockEventKind.CLOCK_EVENT_KIND_WARNED, 100),
    )
    lane.flush()
    assert figures(lane) == {
        "conversations": {"all": 1},
        "contacts": {"all": 2},
        "negative_contacts": {"all": 1},
        "replies": {"all": 1},
        "first_response_time": {"all": 1},
        "resolution_time": {"all": 1},
        "first_response_breaches": {"all": 1},
    }


def test_a_fact_counts_for_the_conversations_brand(lane: LaneHarness, events: Events) -> None:
    event = events.contact(brand="north")
    event.conversation.brand_id = "south"
    lane.feed(event, events.contact(brand="north"))
    lane.flush()
    assert figures(lane, by="brand") == {"contacts": {"south": 1, "north": 1}}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (
            lambda events: events.contact(5, negative=True),
            lambda events: events.contact(5, negative=True, sign=-1),
        ),
        (
            lambda events: events.fact(FactKind.FACT_KIND_FIRST_RESPONSE, 9, lasting=4),
            lambda events: events.fact(FactKind.FACT_KIND_FIRST_RESPONSE, 9, lasting=4, sign=-1),
        ),
        (lambda events: events.clock(BREACHED, 9), lambda events: events.clock(WITHDRAWN, 9)),
        (
            lambda events: events.clock(BREACHED, 9),
            lambda events: events.clock(WITHDRAWN, 9, sign=-1),
        ),
        (
            lambda events: events.clock(BREACHED, 9),
            lambda events: events.clock(BREACHED, 9, sign=-1),
        ),
    ],
    ids=["contact", "duration", "withdrawn", "withdrawn with its sign", "breach moved away"],
)
def test_a_correction_takes_out_what_it_corrects(
    lane: LaneHarness,
    events: Events,
    wrong: Callable[[Events], Event],
    right: Callable[[Events], Event],
) -> None:
    lane.feed(wrong(events))
    lane.flush()
    assert len(figures(lane)) >= 1
    lane.feed(right(events))
    lane.flush()
    assert figures(lane) == {}


def test_a_breach_that_moved_counts_once(lane: LaneHarness, events: Events) -> None:
    moved = events.clock(BREACHED, 20)
    moved.sla.events.insert(0, events.clock(BREACHED, 10, sign=-1).sla.events[0])
    lane.feed(events.clock(BREACHED, 10), moved)
    lane.flush()
    assert figures(lane) == {"first_response_breaches": {"all": 1}}


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (Fact(kind=FactKind.FACT_KIND_SOLVED, sign=1, at_us=NOON_US, duration_us=-1), "lasts -1"),
        (Fact(kind=FactKind.FACT_KIND_REPLY, sign=0, at_us=NOON_US), "the sign 0"),
        (Fact(kind=FactKind.FACT_KIND_REPLY, sign=1), "the instant 0"),
        (Fact(kind=FactKind.FACT_KIND_REPLY, sign=1, at_us=2**62), "before the year 10000"),
    ],
)
def test_an_event_with_a_spoilt_fact_counts_for_nothing(
    lane: LaneHarness, events: Events, spoilt: Fact, reason: str
) -> None:
    event = events.contact()
    event.conversation.facts.append(spoilt)
    lane.feed(event, events.contact(1))
    lane.flush()
    (letter,) = lane.written("sla.event-clocked.v1.dlq")
    assert reason in dict(letter.headers)[REASON_HEADER].decode()
    assert figures(lane) == {"contacts": {"all": 1}}


def test_a_spoilt_breach_takes_its_event_with_it(lane: LaneHarness, events: Events) -> None:
    event = events.clock(BREACHED, 3, sign=7)
    event.conversation.facts.extend(events.contact().conversation.facts)
    lane.feed(event)
    lane.flush()
    assert lane.core.dead_letters == 1
    assert cells(lane) == {}


def test_an_end_that_names_no_run_is_refused(lane: LaneHarness, events: Events) -> None:
    lane.feed(events.end_of_run(""))
    lane.flush()
    (letter,) = lane.written("sla.event-clocked.v1.dlq")
    assert b"names no run" in dict(letter.headers)[REASON_HEADER]


def test_a_runs_end_stands_behind_everything_before_it(lane: LaneHarness, events: Events) -> None:
    lane.feed(events.contact(timeline="replay-1"), events.end_of_run("run-7", accepted=12))
    keys = [key for key, _ in lane.core.close().changes[0]]
    runs = [number for number, key in enumerate(keys) if key == b"run\x00run-7"]
    last_cell = max(number for number, key in enumerate(keys) if key.startswith(b"cell\x00"))
    assert len(runs) == 1
    assert runs[0] > last_cell


def test_a_runs_end_says_what_was_new(lane: LaneHarness, events: Events) -> None:
    lane.feed(events.end_of_run("run-7", accepted=12))
    lane.flush()
    assert lane.core.find(RUNS, "run-7") == RunEnd(accepted=12, duplicates=1)


def test_fine_cells_leave_two_days_behind_their_timeline(lane: LaneHarness, events: Events) -> None:
    lane.feed(events.contact(), events.contact(timeline="replay-1"))
    lane.flush()
    assert sum(key.startswith("contact/00060") for key in cells(lane)) == 2
    lane.feed(events.tick(3 * DAY))
    lane.flush()
    fine = [key for key in cells(lane) if key.startswith("contact/00060")]
    assert [key.split("/")[6] for key in fine] == ["replay-1"]
    assert figures(lane) == {"contacts": {"all": 2}}


def test_an_event_of_the_same_source_counts_once(lane: LaneHarness, events: Events) -> None:
    source = {SOURCE_HEADER: Source("sla.event-clocked.v1", 1, 0, 7).encode()}
    lane.feed(events.contact(), headers=source)
    lane.flush()
    lane.feed(events.contact(), headers=source)
    lane.flush()
    assert figures(lane) == {"contacts": {"all": 1}}


def test_nothing_goes_out_but_the_state(lane: LaneHarness, events: Events) -> None:
    lane.feed(events.contact(), events.tick(5), events.end_of_run("run-7"))
    lane.flush()
    assert lane.outputs == []


def test_folding_the_log_again_gives_the_same_bytes(events: Events) -> None:
    log = [
        events.contact(number * 37, negative=number % 3 == 0, brand="north" if number % 2 else "so")
        for number in range(200)
    ]
    topics = []
    for group in (1, 7, 200):
        lane = LaneHarness(lane_spec(), make_stage)
        for number, event in enumerate(log, start=1):
            lane.feed(event)
            if number % group == 0:
                lane.flush()
        lane.flush()
        topics.append(lane.changelog[0])
    assert topics[0] == topics[1] == topics[2]


@st.composite
def told(draw: st.DrawFn) -> Event:
    """One event, of few kinds, brands and timelines, within days, in any order."""
    events = Events()
    seconds = draw(st.integers(0, 4 * DAY))
    timeline = draw(st.sampled_from(["live", "replay-1"]))
    match draw(st.integers(0, 4)):
        case 0:
            return events.tick(seconds, timeline=timeline)
        case 1:
            return events.end_of_run("run-1", seconds)
        case 2:
            return events.clock(draw(st.sampled_from([BREACHED, WITHDRAWN])), seconds)
        case 3:
            return events.fact(
                FactKind.FACT_KIND_FIRST_RESPONSE,
                seconds,
                lasting=draw(st.integers(0, DAY)),
                sign=draw(st.sampled_from([1, -1])),
                timeline=timeline,
            )
        case _:
            return events.contact(
                seconds,
                brand=draw(st.sampled_from(["north", "south"])),
                negative=draw(st.booleans()),
                timeline=timeline,
            )


steps = st.lists(
    st.tuples(
        st.lists(told(), max_size=4),
        st.sampled_from([None, "flush", *Instant]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_cells_are_the_same_whatever_instant_the_process_dies_at(
    steps: list[tuple[list[Event], str | Instant | None]],
) -> None:
    troubled = LaneHarness(lane_spec(), make_stage)
    calm = LaneHarness(lane_spec(), make_stage)
    for batch, what in steps:
        troubled.feed(*batch)
        calm.feed(*batch)
        if isinstance(what, Instant):
            troubled.flush(dying=what)
        elif what is not None:
            troubled.flush()
    troubled.flush()
    calm.flush()
    assert troubled.changelog == calm.changelog


def test_a_restarted_lane_goes_on_with_the_cells_it_wrote(
    lane: LaneHarness, events: Events
) -> None:
    lane.feed(events.contact())
    lane.flush()
    lane.start()
    lane.feed(events.contact(1))
    lane.flush()
    assert figures(lane) == {"contacts": {"all": 2}}
    assert lane.core.tables(CELLS)[0].keys() == sorted(cells(lane))


def test_the_live_watermark_is_in_the_topic(lane: LaneHarness, events: Events) -> None:
    lane.feed(events.tick(5), events.tick(9, timeline="replay-1"))
    lane.flush()
    assert lane.core.watermark_us("live") == NOON_US + 5 * SECOND_US
    assert b"_timeline\x00live" in lane.changelog[0]
