from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.wall.view import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    QUARTER_US,
    WINDOWS,
    Source,
    ViewError,
    parse_view,
    ranges,
)
from services.kernel.clock import to_microseconds


def at(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text))


NOW = at("2026-03-12T10:42:10Z")

instants = st.integers(at("2010-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"))
sources = st.builds(
    Source,
    window=st.sampled_from(list(WINDOWS.values())),
    at_us=st.none() | instants,
    by_brand=st.booleans(),
)


def test_an_address_without_parameters_is_the_last_day_live() -> None:
    view = parse_view({}, NOW)
    assert (view.window.name, view.at_us, view.brand) == ("24h", None, "")


def test_a_past_moment_a_window_and_a_brand_are_read() -> None:
    view = parse_view({"at": "2017-12-03T18:52:36Z", "window": "all", "brand": " Sky "}, NOW)
    assert view.at_us == at("2017-12-03T18:52:36Z")
    assert view.window is WINDOWS["all"]
    assert view.brand == "Sky"
    assert view.source.by_brand


def test_an_unescaped_plus_of_a_time_zone_is_understood() -> None:
    assert parse_view({"at": "2017-12-03T18:52:36 01:00"}, NOW).at_us == at("2017-12-03T17:52:36Z")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"window": "2h"}, r"window='2h' is unknown: take one of 1h, 24h, 7d, all"),
        ({"at": "yesterday"}, r"at='yesterday' is no instant: .*2026-01-31T08:15:00Z"),
        ({"at": "2017-12-03T18:52:36"}, r"is no instant: write an instant with its zone"),
        ({"at": "2026-03-12T10:42:11Z"}, r"is not in the past \(it is 2026-03-12T10:42:10Z\)"),
        ({"brand": "x" * 101}, r"brand has 101 characters: at most 100"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_remedy(
    query: dict[str, str], message: str
) -> None:
    with pytest.raises(ViewError, match=message):
        parse_view(query, NOW)


def test_a_live_day_is_unbounded_above_and_starts_on_a_quarter_hour() -> None:
    found = ranges(parse_view({}, NOW).source, NOW)
    assert found.from_us == at("2026-03-11T10:45:00Z")
    assert found.to_us is None
    assert (found.trend_from_us, found.step_us, found.points) == (found.from_us, QUARTER_US, 96)
    assert found.partial


def test_a_past_moment_counts_the_whole_quarter_hour_it_lies_in() -> None:
    view = parse_view({"at": "2017-12-03T18:52:36Z", "window": "all"}, NOW)
    found = ranges(view.source, NOW)
    assert (found.from_us, found.to_us) == (None, at("2017-12-03T19:00:00Z"))
    assert found.trend_from_us == at("2017-12-04T00:00:00Z") - 60 * DAY_US
    assert found.partial


def test_a_past_moment_on_a_quarter_hour_needs_no_rounding() -> None:
    found = ranges(parse_view({"at": "2017-12-03T19:00:00Z"}, NOW).source, NOW)
    assert found.to_us == at("2017-12-03T19:00:00Z")
    assert not found.partial


def test_a_past_hour_is_cut_into_the_quarters_that_are_still_kept() -> None:
    live = ranges(parse_view({"window": "1h"}, NOW).source, NOW)
    past = ranges(parse_view({"window": "1h", "at": "2017-12-03T19:00:00Z"}, NOW).source, NOW)
    assert (live.step_us, live.points) == (MINUTE_US, 60)
    assert (past.step_us, past.points) == (QUARTER_US, 4)


@given(sources, instants)
def test_questions_only_name_instants_that_the_kpi_service_keeps(source: Source, now: int) -> None:
    found = ranges(source, now)
    finest = MINUTE_US if source.at_us is None else QUARTER_US
    for limit in (found.from_us, found.to_us, found.trend_from_us):
        assert limit is None or limit % finest == 0
    assert found.step_us % finest == 0
    assert found.trend_from_us % found.step_us == 0


@given(sources, instants)
def test_the_trend_ends_with_the_bucket_of_the_instant_shown(source: Source, now: int) -> None:
    found = ranges(source, now)
    shown = now if source.at_us is None else source.at_us
    end = found.trend_from_us + found.points * found.step_us
    assert end - found.step_us < shown + found.step_us
    assert shown <= end
    assert found.partial is (shown < end)


@given(sources, instants)
def test_the_window_is_as_long_as_its_name_says(source: Source, now: int) -> None:
    found = ranges(source, now)
    if source.window.span_us is None:
        assert found.from_us is None
    else:
        assert found.from_us is not None
        shown = now if source.at_us is None else source.at_us
        assert 0 <= found.from_us + source.window.span_us - shown < QUARTER_US
        assert found.from_us <= found.trend_from_us < found.from_us + 2 * HOUR_US
