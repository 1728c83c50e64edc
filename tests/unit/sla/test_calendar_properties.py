from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain.calendar_data import WEEKDAYS, calendar_from_mapping
from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.zones import DAY_US, HOUR_US, SECOND_US, instant_us

# Changes of the clocks by an hour and by half an hour, over midnight, by a day, and none.
ZONES = (
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Apia",
    "Asia/Shanghai",
)
DAY = 86_400
# Round about the changes of these zones.
STARTS = [
    instant_us(datetime(*day, tzinfo=UTC))
    for day in ((2010, 3, 12), (2010, 11, 5), (2011, 12, 28), (2026, 3, 27), (2026, 10, 23))
]

offsets = st.integers(0, 5 * DAY * 4).map(lambda quarter: quarter * SECOND_US // 4)


def instants_near(start_us: int) -> st.SearchStrategy[int]:
    return offsets.map(lambda offset: start_us + offset)


instants = st.sampled_from(STARTS).flatmap(instants_near)
two_instants = st.sampled_from(STARTS).flatmap(
    lambda start: st.tuples(instants_near(start), instants_near(start))
)
three_instants = st.sampled_from(STARTS).flatmap(
    lambda start: st.tuples(instants_near(start), instants_near(start), instants_near(start))
)


def _time(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@st.composite
def frames(draw: st.DrawFn) -> list[list[str]]:
    edges = sorted(draw(st.lists(st.integers(0, 48), max_size=6, unique=True)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [[_time(opens * 1800), _time(closes * 1800)] for opens, closes in pairs]


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    hours = {day: draw(frames()) for day in WEEKDAYS}
    hours[draw(st.sampled_from(WEEKDAYS))] = [["01:30:00", "23:30:15"]]
    dates = st.sampled_from(STARTS).flatmap(
        lambda start: st.integers(0, 5).map(
            lambda days: (date(1970, 1, 1) + timedelta(days=start // DAY_US + days)).isoformat()
        )
    )
    data: dict[str, Any] = {
        "id": "c",
        "version": 1,
        "time_zone": draw(st.sampled_from(ZONES)),
        "hours": hours,
        "holidays": draw(st.lists(dates, max_size=2)),
        "shifts": draw(st.dictionaries(dates, frames(), max_size=2)),
        "breaks": draw(st.dictionaries(dates, frames(), max_size=2)),
    }
    return calendar_from_mapping(data)


@settings(max_examples=25, deadline=None)
@given(calendars(), instants, st.integers(0, 30 * HOUR_US))
def test_what_is_due_has_used_up_its_target_and_no_instant_before_has(
    calendar: BusinessCalendar, start_us: int, target_us: int
) -> None:
    due_us = calendar.due_at(start_us, target_us)
    assert calendar.elapsed_us(start_us, due_us) == target_us
    if target_us:
        assert calendar.elapsed_us(start_us, due_us - 1) == target_us - 1


@settings(max_examples=25, deadline=None)
@given(calendars(), three_instants)
def test_elapsed_time_adds_up_and_never_exceeds_time(
    calendar: BusinessCalendar, three: tuple[int, int, int]
) -> None:
    first, second, third = sorted(three)
    one, two = calendar.elapsed_us(first, second), calendar.elapsed_us(second, third)
    assert one + two == calendar.elapsed_us(first, third)
    assert 0 <= one <= second - first


@settings(max_examples=25, deadline=None)
@given(calendars(), two_instants, st.integers(0, 20 * HOUR_US), st.integers(0, 20 * HOUR_US))
def test_later_starts_and_longer_targets_are_never_due_earlier(
    calendar: BusinessCalendar, two: tuple[int, int], target_us: int, more_us: int
) -> None:
    earlier, later = sorted(two)
    assert calendar.due_at(earlier, target_us) <= calendar.due_at(later, target_us + more_us)


@settings(max_examples=25, deadline=None)
@given(calendars(), instants, st.integers(0, 20 * HOUR_US), st.integers(0, 20 * HOUR_US))
def test_a_clock_that_is_looked_at_half_way_is_due_at_the_same_time(
    calendar: BusinessCalendar, start_us: int, target_us: int, more_us: int
) -> None:
    half_way = calendar.due_at(start_us, target_us)
    assert calendar.due_at(half_way, more_us) in (
        calendar.due_at(start_us, target_us + more_us),
        # Nothing more is needed, and half way is where the clock stands.
        half_way,
    )


@settings(max_examples=12, deadline=None)
@given(calendars(), instants)
def test_open_periods_are_what_the_local_clock_says(
    calendar: BusinessCalendar, start_us: int
) -> None:
    periods = calendar.open_periods(start_us, start_us + DAY_US)
    assert periods == sorted(periods)
    assert sum(b - a for a, b in periods) == calendar.elapsed_us(start_us, start_us + DAY_US)
    for at_us in range(start_us, start_us + DAY_US, 1800 * SECOND_US - 7):
        is_open = any(a <= at_us < b for a, b in periods)
        assert is_open == _open_by_the_local_clock(calendar, at_us)


def _open_by_the_local_clock(calendar: BusinessCalendar, at_us: int) -> bool:
    assert calendar.weekly is not None
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    local = utc.astimezone(ZoneInfo(calendar.time_zone)).replace(tzinfo=None)
    day = local.toordinal() - date(1970, 1, 1).toordinal()
    time_us = (local - datetime.combine(local.date(), datetime.min.time())) // timedelta(
        microseconds=1
    )
    frames_of_day = calendar.shifts.get(day, calendar.weekly[local.weekday()])
    return (
        day not in calendar.holidays
        and any(frame.opens_us <= time_us < frame.closes_us for frame in frames_of_day)
        and not any(a <= time_us < b for a, b in calendar.breaks.get(day, ()))
    )
