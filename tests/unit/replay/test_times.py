from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.replay.rules import TimeRule
from services.gateway.replay.times import TimeError, TimeReader


def us(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def test_a_time_with_an_offset_needs_no_zone() -> None:
    reader = TimeReader(TimeRule(("%a %b %d %H:%M:%S %z %Y",)))
    assert reader.at_us("Tue Oct 31 22:10:47 +0100 2017") == us(2017, 10, 31, 21, 10, 47)


def test_formats_are_tried_in_order() -> None:
    reader = TimeReader(TimeRule(("%d/%m/%Y", "%Y/%m/%d %H:%M:%S.%f", "iso8601"), "UTC"))
    assert reader.at_us("05/04/2024") == us(2024, 4, 5)
    assert reader.at_us("2024/04/05 01:02:03.250") == us(2024, 4, 5, 1, 2, 3) + 250_000
    assert reader.at_us("2024-04-05T01:02:03Z") == us(2024, 4, 5, 1, 2, 3)


def test_a_local_time_follows_its_zone_through_the_year() -> None:
    reader = TimeReader(TimeRule(("iso8601",), "Europe/Rome"))
    assert reader.at_us("2012-01-10 12:00") == us(2012, 1, 10, 11)
    assert reader.at_us("2012-07-10 12:00") == us(2012, 7, 10, 10)
    assert reader.at_us("2012-07-10 12:00+00:00") == us(2012, 7, 10, 12)


def test_a_local_time_that_comes_twice_is_the_first_of_the_two() -> None:
    reader = TimeReader(TimeRule(("iso8601",), "Europe/Rome"))
    assert reader.at_us("2012-10-28 02:30") == us(2012, 10, 28, 0, 30)


def test_a_local_time_that_the_clocks_skipped_is_refused() -> None:
    reader = TimeReader(TimeRule(("iso8601",), "Europe/Rome"))
    with pytest.raises(TimeError, match="does not exist in Europe/Rome"):
        reader.at_us("2012-03-25 02:30")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("epoch-seconds", "1709294400.25"),
        ("epoch-milliseconds", "1709294400250"),
        ("epoch-microseconds", "1709294400250000"),
    ],
)
def test_counts_since_the_epoch_are_exact(form: str, text: str) -> None:
    assert TimeReader(TimeRule((form,))).at_us(text) == 1_709_294_400_250_000


@pytest.mark.parametrize("text", ["", "yesterday", "NaN", "Infinity", "9e99", "99999999999999"])
def test_what_is_no_time_is_refused_with_the_formats(text: str) -> None:
    with pytest.raises(TimeError, match="is not a time like epoch-seconds or iso8601"):
        TimeReader(TimeRule(("epoch-seconds", "iso8601"), "UTC")).at_us(text)


def test_a_time_without_offset_or_zone_is_refused() -> None:
    with pytest.raises(TimeError, match=r"names no offset: set time\.zone"):
        TimeReader(TimeRule(("iso8601",))).at_us("2024-04-05 01:02")


def test_the_edges_of_the_calendar_are_refused_rather_than_overflow() -> None:
    with pytest.raises(TimeError, match="lies outside"):
        TimeReader(TimeRule(("iso8601",), "Asia/Shanghai")).at_us("0001-01-01 00:00")


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_microseconds_survive(moment: datetime) -> None:
    since_epoch = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    read = TimeReader(TimeRule(("iso8601",), "UTC")).at_us(moment.isoformat())
    assert read == since_epoch // timedelta(microseconds=1)
