from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain.calendar_data import WEEKDAYS, calendar_from_mapping
from services.sla.domain.calendars import BusinessCalendar, Frame
from services.sla.domain.clock import Clock
from services.sla.domain.policies import Policy, Target
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


@settings(max_examples=6, deadline=None)
@given(calendars(), st.sampled_from(STARTS), st.integers(0, 3 * DAY), st.integers(1, 1800))
def test_counting_second_by_second_agrees(
    calendar: BusinessCalendar, start_us: int, offset_s: int, length_s: int
) -> None:
    from_us = start_us + offset_s * SECOND_US
    counted = sum(
        _open_by_the_local_clock(calendar, from_us + second * SECOND_US)
        for second in range(length_s)
    )
    to_us = from_us + length_s * SECOND_US
    assert calendar.elapsed_us(from_us, to_us) == counted * SECOND_US
    if counted:
        due_us = calendar.due_at(from_us, counted * SECOND_US)
        assert due_us <= to_us
        assert _open_by_the_local_clock(calendar, due_us - SECOND_US)


def _open_by_the_local_clock(calendar: BusinessCalendar, at_us: int) -> bool:
    """Look at a clock on the wall; it knows nothing of offsets and their changes."""
    assert calendar.weekly is not None
    where = ZoneInfo(calendar.time_zone)
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    local = utc.astimezone(where).replace(tzinfo=None)
    midnight = datetime.combine(local.date(), datetime.min.time())
    day = local.toordinal() - date(1970, 1, 1).toordinal()
    if day in calendar.holidays:
        return False
    time_us = (local - midnight) // timedelta(microseconds=1)
    hours = calendar.shifts.get(day, calendar.weekly[local.weekday()])
    for opens_us, closes_us in _left(hours, calendar.breaks.get(day, ())):
        begin, end = _met(midnight, where, opens_us), _met(midnight, where, closes_us)
        none_seen = begin != opens_us and end != closes_us
        if not none_seen and begin <= time_us < end:
            return True
    return False


def _left(hours: Sequence[Frame], taken: Sequence[Frame]) -> list[tuple[int, int]]:
    left: list[tuple[int, int]] = []
    for begin, end in pairwise(sorted({edge for frame in (*hours, *taken) for edge in frame})):
        if any(a <= begin < b for a, b in hours) and not any(a <= begin < b for a, b in taken):
            joins = left and left[-1][1] == begin
            left.append((left.pop()[0] if joins else begin, end))
    return left


def _met(midnight: datetime, where: ZoneInfo, edge_us: int) -> int:
    """Return the wall time at which a wall time is met: another, where the clock leaves it out."""
    local = midnight + timedelta(microseconds=edge_us)
    met = local.replace(tzinfo=where).astimezone(UTC).astimezone(where).replace(tzinfo=None)
    return (met - midnight) // timedelta(microseconds=1)


@st.composite
def pauses(draw: st.DrawFn) -> list[tuple[int, int]]:
    edges = sorted(draw(st.lists(st.integers(0, 2 * DAY), max_size=6, unique=True)))
    return [(a * SECOND_US, b * SECOND_US) for a, b in zip(edges[::2], edges[1::2], strict=False)]


def _clock(
    calendar: BusinessCalendar, start_us: int, target_us: int, stops: list[tuple[int, int]]
) -> Clock:
    """Run a clock through pauses told from its start."""
    ref = Policy("p", "1", calendar, {}).ref
    clock = Clock.of("resolution", 1, ref, Target(target_us), start_us)
    clock.activate(start_us, calendar, running=True)
    for begin, end in stops:
        clock.pause(start_us + begin, calendar)
        clock.resume(start_us + end, calendar)
    return clock


@settings(max_examples=25, deadline=None)
@given(calendars(), instants, st.integers(1, 20 * HOUR_US), pauses())
def test_a_pause_never_makes_a_clock_earlier(
    calendar: BusinessCalendar, start_us: int, target_us: int, stops: list[tuple[int, int]]
) -> None:
    due_us = calendar.due_at(start_us, target_us)
    for count in range(len(stops)):
        if start_us + stops[count][0] > due_us:
            break  # it has breached: a later pause changes nothing
        paused_us = _clock(calendar, start_us, target_us, stops[: count + 1]).due_at_us
        assert paused_us is not None
        assert paused_us >= due_us
        due_us = paused_us


@settings(max_examples=25, deadline=None)
@given(calendars(), instants, pauses())
def test_a_clock_spends_what_is_open_and_not_paused(
    calendar: BusinessCalendar, start_us: int, stops: list[tuple[int, int]]
) -> None:
    clock = _clock(calendar, start_us, 1000 * HOUR_US, stops)
    end_us = start_us + 3 * DAY * SECOND_US
    spent = clock.elapsed_us(end_us, calendar)
    stood = sum(calendar.elapsed_us(start_us + begin, start_us + end) for begin, end in stops)
    assert spent + stood == calendar.elapsed_us(start_us, end_us)
    assert 0 <= spent <= end_us - start_us
