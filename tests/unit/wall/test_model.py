from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.wall.figures import Figure, Figures
from dashboards.wall.model import (
    GONE_AFTER_US,
    STALE_AFTER_US,
    Freshness,
    Status,
    age_us,
    freshness,
    status_of,
    tiles,
)
from dashboards.wall.testing import DEFINITIONS
from dashboards.wall.view import QUARTER_US, WINDOWS, View, ranges

SECOND_US = 1_000_000
NOW = 1_773_312_130 * SECOND_US
LIVE = View(WINDOWS["24h"])
PAST = View(WINDOWS["all"], at_us=NOW - 10**12)
LIMITS = ranges(LIVE.source, NOW)

instants = st.integers(0, 2 * NOW)


def figures(
    totals: Mapping[str, Mapping[str, Figure]],
    trends: Mapping[str, Mapping[str, Mapping[int, float]]] | None = None,
) -> Figures:
    return Figures(DEFINITIONS, LIMITS, totals, trends or {})


def test_live_figures_are_as_old_as_the_watermark() -> None:
    age = age_us(LIVE, now_us=NOW, watermark_us=NOW - 7 * SECOND_US, contact_us=NOW)
    assert age == 7 * SECOND_US


def test_a_silent_feed_ages_even_if_its_last_watermark_was_ahead() -> None:
    age = age_us(
        LIVE, now_us=NOW, watermark_us=NOW + 60 * SECOND_US, contact_us=NOW - 40 * SECOND_US
    )
    assert age == 40 * SECOND_US


def test_a_past_moment_ages_by_silence_alone() -> None:
    assert age_us(PAST, now_us=NOW, watermark_us=0, contact_us=NOW - SECOND_US) == SECOND_US


@pytest.mark.parametrize("view", [LIVE, PAST])
def test_figures_that_were_never_heard_have_no_age(view: View) -> None:
    assert age_us(view, now_us=NOW, watermark_us=NOW, contact_us=None) is None


def test_a_live_timeline_that_has_not_begun_has_no_age() -> None:
    assert age_us(LIVE, now_us=NOW, watermark_us=0, contact_us=NOW) is None


def test_a_clock_that_stepped_back_makes_the_age_unknown_and_not_young() -> None:
    age = age_us(LIVE, now_us=NOW, watermark_us=NOW, contact_us=NOW + 3600 * SECOND_US)
    assert age is None
    assert freshness(age) is Freshness.GONE


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (None, Freshness.GONE),
        (0, Freshness.FRESH),
        (STALE_AFTER_US, Freshness.FRESH),
        (STALE_AFTER_US + 1, Freshness.STALE),
        (GONE_AFTER_US, Freshness.STALE),
        (GONE_AFTER_US + 1, Freshness.GONE),
    ],
)
def test_figures_dim_after_thirty_seconds_and_go_after_two_minutes(
    age: int | None, expected: Freshness
) -> None:
    assert freshness(age) is expected


@given(now=instants, watermark=instants, contact=st.none() | instants)
def test_no_broken_feed_ever_looks_healthy(now: int, watermark: int, contact: int | None) -> None:
    found = freshness(age_us(LIVE, now_us=now, watermark_us=watermark, contact_us=contact))
    if found is Freshness.FRESH:
        assert contact is not None
        assert abs(now - contact) <= STALE_AFTER_US
        assert now - watermark <= STALE_AFTER_US
        assert watermark > 0


@given(now=instants, watermark=instants, contact=instants, later=st.integers(0, 10**9))
def test_silence_never_makes_figures_fresher(
    now: int, watermark: int, contact: int, later: int
) -> None:
    order = list(Freshness)
    contact = min(contact, now)
    before = freshness(age_us(LIVE, now_us=now, watermark_us=watermark, contact_us=contact))
    after = freshness(age_us(LIVE, now_us=now + later, watermark_us=watermark, contact_us=contact))
    assert order.index(after) >= order.index(before)


@pytest.mark.parametrize(
    ("value", "target", "direction", "expected"),
    [
        (None, 5.0, "down", Status.NONE),
        (5.0, None, "down", Status.NONE),
        (0.0, 0.0, "down", Status.ON_TARGET),
        (1.0, 0.0, "down", Status.CRITICAL),
        (100.0, 100.0, "down", Status.ON_TARGET),
        (125.0, 100.0, "down", Status.WARNING),
        (126.0, 100.0, "down", Status.CRITICAL),
        (0.9, 0.8, "up", Status.ON_TARGET),
        (0.7, 0.8, "up", Status.WARNING),
        (0.5, 0.8, "up", Status.CRITICAL),
    ],
)
def test_a_value_is_judged_by_its_target_and_direction(
    value: float | None, target: float | None, direction: str, expected: Status
) -> None:
    assert status_of(value, target, direction) is expected


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(0, 1e6))
def test_getting_worse_never_improves_the_status(value: float, target: float, by: float) -> None:
    order = list(Status)
    before = status_of(value, target, "down")
    assert order.index(status_of(value + by, target, "down")) >= order.index(before)


def test_a_count_without_facts_is_zero_when_others_have_facts() -> None:
    contacts, breaches = tiles(
        ["contacts", "first_response_breaches"],
        LIVE,
        figures({"contacts": {"": Figure(3, 3.0)}}),
    )
    assert (contacts.value, contacts.status) == (3.0, Status.NONE)
    assert (breaches.value, breaches.status) == (0.0, Status.ON_TARGET)


def test_a_duration_without_facts_is_missing() -> None:
    (time,) = tiles(["first_response_time"], LIVE, figures({"first_response_time": {}}))
    _, time = tiles(
        ["contacts", "first_response_time"], LIVE, figures({"contacts": {"": Figure(3, 3.0)}})
    )
    assert time.value is None
    assert time.trend is not None
    assert set(time.trend.points) == {None}


def test_without_any_fact_in_view_every_value_is_missing() -> None:
    found = tiles(["contacts", "first_response_breaches"], LIVE, figures({}))
    assert [tile.value for tile in found] == [None, None]
    assert {tile.status for tile in found} == {Status.NONE}


def test_a_brand_sees_its_own_figures_only() -> None:
    totals = {"contacts": {"Sky": Figure(3, 3.0), "Sea": Figure(9, 9.0)}}
    (sky,) = tiles(["contacts"], replace(LIVE, brand="Sky"), figures(totals))
    (other,) = tiles(["contacts"], replace(LIVE, brand="Soil"), figures(totals))
    assert (sky.value, other.value) == (3.0, None)


def test_a_kpi_that_the_service_does_not_know_is_missing() -> None:
    contacts, unknown = tiles(
        ["contacts", "unknown"], LIVE, figures({"contacts": {"": Figure(3, 3.0)}})
    )
    assert contacts.value == 3.0
    assert (unknown.definition, unknown.value) == (None, None)


def test_a_trend_has_every_bucket_and_counts_empty_ones_as_zero() -> None:
    start = LIMITS.trend_from_us
    trends = {"contacts": {"": {start: 4.0, start + 95 * QUARTER_US: 2.0}}}
    (tile,) = tiles(["contacts"], LIVE, figures({"contacts": {"": Figure(6, 6.0)}}, trends))
    assert tile.trend is not None
    assert tile.trend.points == (4.0, *[0.0] * 94, 2.0)
    assert tile.trend.peak == 4.0
    assert tile.trend.partial


def test_a_counts_target_is_shared_out_among_the_buckets() -> None:
    definitions = {
        "contacts": replace(DEFINITIONS["contacts"], target=960.0),
        "first_response_time": replace(DEFINITIONS["first_response_time"], target=900.0),
    }
    totals = {"contacts": {"": Figure(6, 6.0)}, "first_response_time": {"": Figure(6, 600.0)}}
    counted, timed = tiles(
        ["contacts", "first_response_time"], LIVE, Figures(definitions, LIMITS, totals, {})
    )
    assert counted.trend is not None
    assert timed.trend is not None
    assert (counted.trend.target, timed.trend.target) == (10.0, 900.0)
