from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from services.sla.domain.calendars import BusinessCalendar, CalendarError
from services.sla.domain.zones import (
    DAY_US,
    HOUR_US,
    SECOND_US,
    instant_text,
    instant_us,
    local_to_utc_us,
    offset_us,
    parse_instant_us,
    zone,
)

at = parse_instant_us
Maker = Callable[..., BusinessCalendar]
MINUTE_US = 60 * SECOND_US


def due(calendar: BusinessCalendar, start: str, target_us: int) -> str:
    return instant_text(calendar.due_at(at(start), target_us))


def test_a_lunch_break_stands_between_two_frames(weekdays: Maker) -> None:
    office = weekdays("09:00-12:30 13:30-18:00")
    assert due(office, "2026-03-02T12:00:00Z", HOUR_US) == "2026-03-02T14:00:00Z"
    assert office.elapsed_us(at("2026-03-02T12:00:00Z"), at("2026-03-02T14:00:00Z")) == HOUR_US


def test_seconds_and_microseconds_count(weekdays: Maker) -> None:
    office = weekdays("09:00-17:00")
    start = at("2026-03-06T16:59:59.999999Z")
    assert instant_text(office.due_at(start, 2)) == "2026-03-09T09:00:00.000001Z"


def test_a_target_used_up_at_closing_time_is_due_at_closing_time(weekdays: Maker) -> None:
    office = weekdays("09:00-17:00")
    assert due(office, "2026-03-02T16:00:00Z", HOUR_US) == "2026-03-02T17:00:00Z"


def test_a_clock_that_starts_at_night_starts_at_opening(weekdays: Maker) -> None:
    office = weekdays("09:00-17:00", "Asia/Shanghai")
    assert due(office, "2026-03-01T20:00:00Z", HOUR_US) == "2026-03-02T02:00:00Z"


def test_a_holiday_is_a_local_date(calendar: Maker) -> None:
    day = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")
    auckland = calendar("Pacific/Auckland", holidays=("2026-02-06",), **day)
    # The date begins at 11:00 UTC of the day before.
    assert not auckland.on_holiday(at("2026-02-05T10:59:59Z"))
    assert auckland.on_holiday(at("2026-02-05T11:00:00Z"))
    assert not auckland.on_holiday(at("2026-02-06T11:00:00Z"))
    assert due(auckland, "2026-02-05T10:00:00Z", 2 * HOUR_US) == "2026-02-06T12:00:00Z"


def test_a_shift_replaces_the_hours_of_its_date_and_a_break_is_taken_out(weekdays: Maker) -> None:
    office = weekdays(
        "09:00-17:00",
        shifts={"2026-12-24": [["08:00", "12:00"]], "2026-12-26": [["10:00", "11:00"]]},
        breaks={"2026-12-23": [["10:00", "11:00"], ["16:30", "18:00"]]},
        holidays=("2026-12-25",),
    )
    periods = office.open_periods(at("2026-12-23T00:00:00Z"), at("2026-12-28T00:00:00Z"))
    assert [(instant_text(a)[8:16], instant_text(b)[8:16]) for a, b in periods] == [
        ("23T09:00", "23T10:00"),
        ("23T11:00", "23T16:30"),
        ("24T08:00", "24T12:00"),
        ("26T10:00", "26T11:00"),
    ]


def test_a_holiday_closes_a_shift_too(weekdays: Maker) -> None:
    office = weekdays(
        "09:00-17:00", shifts={"2026-12-25": [["10:00", "11:00"]]}, holidays=("2026-12-25",)
    )
    assert not office.is_open(at("2026-12-25T10:30:00Z"))


def test_periods_that_touch_across_midnight_are_one(calendar: Maker) -> None:
    night = calendar(mon="22:00-24:00", tue="00:00-06:00")
    periods = night.open_periods(at("2026-03-02T00:00:00Z"), at("2026-03-04T00:00:00Z"))
    assert periods == [(at("2026-03-02T22:00:00Z"), at("2026-03-03T06:00:00Z"))]


def test_around_the_clock_business_time_is_time() -> None:
    always = BusinessCalendar.around_the_clock("always", "1")
    assert always.due_at(5, 7) == 12
    assert always.elapsed_us(5, 12) == 7
    assert always.open_periods(5, 12) == [(5, 12)]
    assert always.is_open(5)


def test_opening_all_week_without_exceptions_needs_no_days(calendar: Maker) -> None:
    day = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")
    always = calendar("Europe/Berlin", **day)
    assert always.due_at(0, 40_000 * DAY_US) == 40_000 * DAY_US


@pytest.mark.parametrize(
    ("start", "hours", "due_at"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March: the night shift is an hour shorter.
        ("2026-03-28T23:00:00Z", 4, "2026-03-29T03:00:00Z"),
        ("2026-03-28T21:00:00Z", 7, "2026-03-29T04:00:00Z"),
        # Clocks go from 03:00 back to 02:00 on 25 October: an hour longer.
        ("2026-10-24T20:00:00Z", 9, "2026-10-25T05:00:00Z"),
    ],
)
def test_a_night_over_a_change_of_the_clocks(
    calendar: Maker, start: str, hours: int, due_at: str
) -> None:
    nights = calendar("Europe/Berlin", sat="22:00-24:00", sun="00:00-06:00 22:00-24:00")
    assert due(nights, start, hours * HOUR_US) == due_at


def test_a_frame_in_the_hour_that_is_left_out_does_not_open(calendar: Maker) -> None:
    early = calendar("Europe/Berlin", sun="02:15-02:45")
    assert early.elapsed_us(at("2026-03-28T12:00:00Z"), at("2026-03-30T00:00:00Z")) == 0
    assert due(early, "2026-03-28T12:00:00Z", MINUTE_US) == "2026-04-05T00:16:00Z"


@pytest.mark.parametrize(
    ("hours", "open_times"),
    [
        # Clocks go from 02:00 to 03:00: half past two is met at half past three.
        ("02:30-05:00", [("03:30", "05:00")]),
        ("01:00-02:30", [("01:00", "03:30")]),
        ("02:30-03:15", []),
        ("01:00-02:00 03:00-05:00", [("01:00", "05:00")]),
        ("01:00-02:30 02:45-05:00", [("01:00", "03:30"), ("03:45", "05:00")]),
        ("01:00-02:30 03:15-05:00", [("01:00", "05:00")]),
    ],
)
def test_an_edge_in_the_hour_that_is_left_out_is_met_an_hour_later(
    calendar: Maker, hours: str, open_times: list[tuple[str, str]]
) -> None:
    early = calendar("Europe/Berlin", sun=hours)
    periods = early.open_periods(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"))
    berlin = zone("Europe/Berlin")
    shown = [
        (
            instant_text(a + offset_us(berlin, a))[11:16],
            instant_text(b + offset_us(berlin, b))[11:16],
        )
        for a, b in periods
    ]
    assert shown == open_times


def test_a_calendar_of_special_opening_days_alone_opens_on_them(calendar: Maker) -> None:
    fair = calendar(shifts={"2026-09-12": [["10:00", "16:00"]]})
    assert due(fair, "2026-06-01T00:00:00Z", 2 * HOUR_US) == "2026-09-12T12:00:00Z"


def test_a_frame_in_the_hour_that_is_seen_twice_opens_twice(calendar: Maker) -> None:
    early = calendar("Europe/Berlin", sun="02:15-02:45")
    periods = early.open_periods(at("2026-10-25T00:00:00Z"), at("2026-10-26T00:00:00Z"))
    assert periods == [
        (at("2026-10-25T00:15:00Z"), at("2026-10-25T00:45:00Z")),
        (at("2026-10-25T01:15:00Z"), at("2026-10-25T01:45:00Z")),
    ]


def test_clocks_put_back_over_midnight_keep_the_order_of_time(calendar: Maker) -> None:
    # St John's went from 00:01 of 7 November 2010 back to 23:01 of the 6th.
    late = calendar("America/St_Johns", sat="23:30-24:00", sun="00:00-01:00")
    periods = late.open_periods(at("2010-11-07T00:00:00Z"), at("2010-11-08T00:00:00Z"))
    assert [(instant_text(a)[11:16], instant_text(b)[11:16]) for a, b in periods] == [
        ("02:00", "02:31"),
        ("03:00", "04:30"),
    ]


def test_a_date_that_a_zone_skips_has_no_hours(calendar: Maker) -> None:
    # Samoa went from 29 to 31 December 2011.
    apia = calendar("Pacific/Apia", thu="09:00-17:00", fri="09:00-17:00", sat="09:00-17:00")
    elapsed = apia.elapsed_us(at("2011-12-29T12:00:00Z"), at("2012-01-01T12:00:00Z"))
    assert elapsed == 2 * 8 * HOUR_US


def test_a_local_time_in_the_gap_moves_later_and_one_that_stands_twice_is_the_first() -> None:
    berlin = zone("Europe/Berlin")
    gap = local_to_utc_us(berlin, datetime.fromisoformat("2026-03-29T02:30"))
    twice = local_to_utc_us(berlin, datetime.fromisoformat("2026-10-25T02:30"))
    assert instant_text(gap) == "2026-03-29T01:30:00Z"
    assert instant_text(twice) == "2026-10-25T00:30:00Z"


def test_naive_and_aware_times_are_not_confused() -> None:
    with pytest.raises(ValueError, match="give a local time without one"):
        local_to_utc_us(zone("UTC"), datetime.fromisoformat("2026-01-01T00:00Z"))
    with pytest.raises(ValueError, match="instants are aware"):
        instant_us(datetime.fromisoformat("2026-01-01T00:00"))


def test_questions_without_an_answer_are_refused(weekdays: Maker, calendar: Maker) -> None:
    office = weekdays("09:00-17:00")
    with pytest.raises(CalendarError, match="cannot be negative"):
        office.due_at(0, -1)
    with pytest.raises(CalendarError, match="before it starts"):
        office.elapsed_us(1, 0)
    minute_a_week = calendar(mon="09:00-09:01")
    with pytest.raises(CalendarError, match="within ten years"):
        minute_a_week.due_at(0, 1000 * HOUR_US)


def test_calendars_of_the_same_data_are_equal_whatever_was_asked_of_them(weekdays: Any) -> None:
    asked, fresh = weekdays("09:00-17:00"), weekdays("09:00-17:00")
    asked.due_at(0, DAY_US)
    assert asked == fresh
