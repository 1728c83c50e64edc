import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kpi.domain import instants, measures, query
from services.kpi.domain.answers import Answer, Row
from services.kpi.domain.cells import LIVE
from services.kpi.domain.definitions import (
    Catalogue,
    Definition,
    Direction,
    Formula,
    Reading,
    UnknownKpiError,
)
from services.kpi.domain.fold import Fold
from services.kpi.domain.index import Index
from services.kpi.domain.query import QueryError, Request, run, stepwise

NOON_US = instants.from_text("2026-01-31T12:00:00Z")
SECOND_US = instants.SECOND_US
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

HOUR = Request(("contacts",), NOON_US, NOON_US + HOUR_US)


class Floor:
    """Two partitions that fold, and a replica that reads what they wrote."""

    def __init__(self) -> None:
        self.folds = [Fold(1, partition) for partition in range(2)]
        self.index = Index(1)

    def contact(
        self, at_us: int, brand: str = "north", channel: str = "mail", *, sign: int = 1
    ) -> None:
        fold = self.folds[len(brand) % 2]
        fold.add(("acme", brand, channel, LIVE), [(measures.CONTACT, at_us, None, sign)])

    def response(self, at_us: int, seconds: float, brand: str = "north", sign: int = 1) -> None:
        fold = self.folds[len(brand) % 2]
        value_us = round(seconds * SECOND_US)
        fold.add(("acme", brand, "mail", LIVE), [(measures.FIRST_RESPONSE, at_us, value_us, sign)])

    def negative(self, at_us: int) -> None:
        self.folds[1].add(
            ("acme", "north", "mail", LIVE), [(measures.NEGATIVE_CONTACT, at_us, None, 1)]
        )

    def ask(self, request: Request, catalogue: Catalogue | None = None) -> Answer:
        for fold in self.folds:
            for key, value in fold.close():
                self.index.apply(key, value)
        return run(self.index, request, catalogue)

    def rows(self, request: Request) -> list[Row]:
        return self.ask(request)["kpis"][request.kpis[0]]["rows"]


@pytest.fixture
def floor() -> Floor:
    return Floor()


def counted(rows: list[Row]) -> list[tuple[dict[str, str], str | None, float | None]]:
    return [(row["group"], row["bucket"], row["value"]) for row in rows]


def test_a_counted_kpi_answers_with_its_count_alone(floor: Floor) -> None:
    floor.contact(NOON_US + 90 * SECOND_US)
    floor.contact(NOON_US)
    assert floor.ask(HOUR) == {
        "as_of": "2026-01-31T12:01:30Z",
        "kpis": {
            "contacts": {
                "definition_version": 1,
                "unit": "messages",
                "rows": [
                    {
                        "group": {},
                        "bucket": None,
                        "count": 2,
                        "value": 2,
                        "mean": None,
                        "p50": None,
                        "p90": None,
                        "p99": None,
                    }
                ],
            }
        },
    }


def test_a_timed_kpi_answers_in_seconds_and_reads_its_median(floor: Floor) -> None:
    for seconds in (10, 20, 30, 40, 900):
        floor.response(NOON_US, seconds)
    (row,) = floor.rows(replace(HOUR, kpis=("first_response_time",)))
    assert (row["count"], row["mean"]) == (5, 200.0)
    assert row["value"] == row["p50"] == pytest.approx(30, rel=0.01)
    assert row["p90"] == row["p99"] == pytest.approx(900, rel=0.01)


def test_no_facts_are_no_rows_and_no_instant(floor: Floor) -> None:
    assert floor.ask(HOUR) == {
        "as_of": None,
        "kpis": {"contacts": {"definition_version": 1, "unit": "messages", "rows": []}},
    }


def test_rows_are_sorted_by_group_and_bucket(floor: Floor) -> None:
    for brand, channel, minute in (
        ("south", "mail", 50),
        ("north", "wechat", 20),
        ("north", "mail", 40),
        ("north", "wechat", 5),
    ):
        floor.contact(NOON_US + minute * MINUTE_US, brand, channel)
    request = replace(HOUR, group_by=("brand", "channel"), bucket_us=15 * MINUTE_US)
    assert counted(floor.rows(request)) == [
        ({"brand": "north", "channel": "mail"}, "2026-01-31T12:30:00Z", 1),
        ({"brand": "north", "channel": "wechat"}, "2026-01-31T12:00:00Z", 1),
        ({"brand": "north", "channel": "wechat"}, "2026-01-31T12:15:00Z", 1),
        ({"brand": "south", "channel": "mail"}, "2026-01-31T12:45:00Z", 1),
    ]


def test_the_partitions_of_one_group_are_added(floor: Floor) -> None:
    floor.contact(NOON_US, "north")
    floor.contact(NOON_US, "east")
    floor.response(NOON_US, 10, "north")
    floor.response(NOON_US, 30, "east")
    assert counted(floor.rows(replace(HOUR, group_by=("channel",)))) == [
        ({"channel": "mail"}, None, 2)
    ]
    (row,) = floor.rows(replace(HOUR, kpis=("first_response_time",)))
    assert row["mean"] == 20.0


def test_day_buckets_start_at_midnight_in_utc(floor: Floor) -> None:
    floor.contact(NOON_US)
    floor.contact(NOON_US + 12 * HOUR_US)
    request = replace(HOUR, to_us=NOON_US + DAY_US, bucket_us=DAY_US)
    assert counted(floor.rows(request)) == [
        ({}, "2026-01-31T00:00:00Z", 1),
        ({}, "2026-02-01T00:00:00Z", 1),
    ]


def test_a_range_in_whole_minutes_takes_fine_cells_at_its_edges(floor: Floor) -> None:
    for minute in (0, 6, 7, 20, 50, 51, 52):
        floor.contact(NOON_US + minute * MINUTE_US)
    request = Request(("contacts",), NOON_US + 7 * MINUTE_US, NOON_US + 52 * MINUTE_US)
    assert counted(floor.rows(request)) == [({}, None, 4)]
    within_a_quarter = replace(request, to_us=NOON_US + 8 * MINUTE_US)
    assert counted(floor.rows(within_a_quarter)) == [({}, None, 1)]


def test_a_bucket_of_minutes_reads_fine_cells(floor: Floor) -> None:
    for minute in (0, 4, 5):
        floor.contact(NOON_US + minute * MINUTE_US)
    assert counted(floor.rows(replace(HOUR, bucket_us=5 * MINUTE_US))) == [
        ({}, "2026-01-31T12:00:00Z", 2),
        ({}, "2026-01-31T12:05:00Z", 1),
    ]


def test_fine_steps_that_are_gone_are_refused_and_coarse_ones_answer(floor: Floor) -> None:
    floor.contact(NOON_US)
    floor.folds[1].advance(LIVE, NOON_US + 3 * DAY_US)
    floor.folds[0].advance(LIVE, NOON_US + 3 * DAY_US)
    with pytest.raises(QueryError, match=r"'live' keeps them from 2026-02-01T12:00:00Z on.*900 s"):
        floor.rows(replace(HOUR, bucket_us=MINUTE_US))
    with pytest.raises(QueryError, match="no longer kept"):
        floor.rows(replace(HOUR, from_us=NOON_US + 5 * MINUTE_US))
    assert counted(floor.rows(HOUR)) == [({}, None, 1)]


def test_fine_steps_behind_the_horizon_without_facts_are_simply_empty(floor: Floor) -> None:
    floor.contact(NOON_US)
    for fold in floor.folds:
        fold.advance(LIVE, NOON_US + 3 * DAY_US)
    before = replace(HOUR, from_us=NOON_US - HOUR_US, to_us=NOON_US, bucket_us=MINUTE_US)
    assert floor.rows(before) == []


def test_a_withdrawn_fact_leaves_no_row_and_no_instant(floor: Floor) -> None:
    floor.contact(NOON_US)
    floor.contact(NOON_US, sign=-1)
    answer = floor.ask(HOUR)
    assert answer["as_of"] is None
    assert answer["kpis"]["contacts"]["rows"] == []


def test_a_corrected_duration_moves_the_quantiles(floor: Floor) -> None:
    floor.response(NOON_US, 500)
    floor.response(NOON_US, 500, sign=-1)
    floor.response(NOON_US, 20)
    (row,) = floor.rows(replace(HOUR, kpis=("first_response_time",)))
    assert (row["count"], row["mean"]) == (1, 20.0)
    assert row["p99"] == pytest.approx(20, rel=0.01)


def test_one_organisation_sees_its_own_facts_only(floor: Floor) -> None:
    floor.contact(NOON_US)
    floor.folds[0].add(("other", "north", "mail", LIVE), [(measures.CONTACT, NOON_US, None, 1)])
    assert counted(floor.rows(replace(HOUR, organisation="acme"))) == [({}, None, 1)]
    assert counted(floor.rows(replace(HOUR, group_by=("organisation",)))) == [
        ({"organisation": "acme"}, None, 1),
        ({"organisation": "other"}, None, 1),
    ]


def test_a_long_question_lets_others_in_between(floor: Floor) -> None:
    for minute in range(600):
        for brand in ("north", "south", "east", "west!"):
            floor.contact(NOON_US + minute * MINUTE_US, brand)
    floor.ask(HOUR)
    request = replace(HOUR, to_us=NOON_US + DAY_US, group_by=("brand",), bucket_us=MINUTE_US)
    pauses = list(stepwise(floor.index, request))
    assert len(pauses) >= 4


def test_an_answer_that_no_one_can_read_is_refused(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "MAX_ROWS", 3)
    for minute in range(4):
        floor.contact(NOON_US + minute * MINUTE_US)
    assert len(floor.rows(HOUR)) == 1
    with pytest.raises(QueryError, match="4 rows and 3 are the most"):
        floor.ask(replace(HOUR, bucket_us=MINUTE_US))


@pytest.mark.parametrize("from_us", [query.FIRST_US - MINUTE_US, query.LAST_US + MINUTE_US])
def test_a_range_outside_the_calendar_is_refused(floor: Floor, from_us: int) -> None:
    with pytest.raises(QueryError, match="check its unit"):
        floor.ask(replace(HOUR, from_us=from_us))


def test_a_range_without_ends_takes_everything(floor: Floor) -> None:
    floor.contact(NOON_US)
    floor.contact(NOON_US - 9_000 * DAY_US)
    request = replace(HOUR, from_us=query.FIRST_US, to_us=query.LAST_US)
    assert counted(floor.rows(request)) == [({}, None, 2)]


def definition(kpi: str, formula: Formula) -> Definition:
    return Definition(kpi, 3, formula, "share", Direction.DOWN_IS_GOOD, "占比", kpi, "For a test.")


def test_a_share_divides_one_measure_by_another(floor: Floor) -> None:
    share = Formula(Reading.SHARE, measures.NEGATIVE_CONTACT, of=measures.CONTACT)
    for minute in range(4):
        floor.contact(NOON_US + minute * MINUTE_US)
    floor.contact(NOON_US, "south")
    floor.negative(NOON_US)
    answer = floor.ask(
        replace(HOUR, kpis=("negative_share",), group_by=("brand",)),
        Catalogue([definition("negative_share", share)]),
    )
    rows = answer["kpis"]["negative_share"]["rows"]
    assert [(row["group"]["brand"], row["count"], row["value"]) for row in rows] == [
        ("north", 4, 0.25),
        ("south", 1, 0.0),
    ]
    assert answer["kpis"]["negative_share"]["definition_version"] == 3


def test_a_share_of_nothing_has_no_value(floor: Floor) -> None:
    share = Formula(Reading.SHARE, measures.NEGATIVE_CONTACT, of=measures.CONTACT)
    floor.negative(NOON_US)
    answer = floor.ask(replace(HOUR, kpis=("share",)), Catalogue([definition("share", share)]))
    (row,) = answer["kpis"]["share"]["rows"]
    assert (row["count"], row["value"]) == (0, None)


@pytest.mark.parametrize(
    ("reading", "value"),
    [(Reading.COUNT, 10), (Reading.MEAN, 5.5), (Reading.P50, 5.0), (Reading.P90, 9.0)],
)
def test_a_definition_chooses_its_reading(floor: Floor, reading: Reading, value: float) -> None:
    for seconds in range(1, 11):
        floor.response(NOON_US, seconds)
    read = definition("read", Formula(reading, measures.FIRST_RESPONSE))
    (row,) = floor.ask(replace(HOUR, kpis=("read",)), Catalogue([read]))["kpis"]["read"]["rows"]
    assert row["value"] == pytest.approx(value, rel=0.01)
    assert row["mean"] == 5.5


def test_the_same_facts_in_another_order_give_the_same_bytes() -> None:
    def told(seed: int) -> str:
        floor, random = Floor(), Random(seed)
        facts = [(NOON_US + n * 7 * SECOND_US, n * n / 3) for n in range(200)]
        random.shuffle(facts)
        for at_us, seconds in facts:
            floor.response(at_us, seconds, "north" if at_us % 2 else "east")
        kpis = ("first_response_time", "contacts")
        return json.dumps(floor.ask(replace(HOUR, kpis=kpis, group_by=("brand",))))

    assert told(1) == told(2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 59), max_size=40), st.integers(0, 58), st.integers(1, 59))
def test_any_minute_range_counts_what_happened_in_it(
    minutes: list[int], first: int, length: int
) -> None:
    floor = Floor()
    for minute in minutes:
        floor.contact(NOON_US + minute * MINUTE_US + 30 * SECOND_US)
    last = min(60, first + length)
    request = Request(("contacts",), NOON_US + first * MINUTE_US, NOON_US + last * MINUTE_US)
    expected = sum(first <= minute < last for minute in minutes)
    assert [row["count"] for row in floor.rows(request)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (replace(HOUR, kpis=()), "names no KPI"),
        (replace(HOUR, group_by=("team",)), "team: take each of organisation, brand, channel"),
        (replace(HOUR, group_by=("brand", "brand")), "at most once"),
        (replace(HOUR, to_us=NOON_US), "is empty"),
        (replace(HOUR, from_us=NOON_US + 1), r"`from` is .*12:00:00\.000001Z.*finest .* 60 s"),
        (replace(HOUR, to_us=NOON_US + 90 * SECOND_US), r"`to` is .*12:01:30Z.* 60 s"),
        (replace(HOUR, bucket_us=90 * SECOND_US), "bucket of 90 s is no multiple of 60 s"),
        (replace(HOUR, bucket_us=0), "bucket of 0 s"),
    ],
)
def test_a_request_that_cells_cannot_answer_says_what_they_can(
    floor: Floor, request_: Request, reason: str
) -> None:
    with pytest.raises(QueryError, match=reason):
        floor.ask(request_)


def test_an_unknown_kpi_is_refused_with_the_nearest(floor: Floor) -> None:
    with pytest.raises(UnknownKpiError, match="did you mean contacts"):
        floor.ask(replace(HOUR, kpis=("contact",)))
