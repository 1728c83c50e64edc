"""Calendars as data.

``{id, version, time_zone, hours: {mon: [["09:00", "12:30"], ["13:30", "18:00"]], …},
holidays: ["2026-12-25"], shifts: {"2026-12-24": [["09:00", "12:00"]]}, breaks: {…}}``

Hours are local wall times, ``24:00`` is the end of the day; a weekday that is left out is closed;
``hours: null`` counts every instant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Final

from services.sla.domain.calendars import BusinessCalendar, Frame
from services.sla.domain.plain_data import Place
from services.sla.domain.zones import DAY_US, SECOND_US, epoch_day, zone

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_FRAME_ENDS: Final = 2


def calendar_from_mapping(data: object, path: str = "calendar") -> BusinessCalendar:
    """Return the calendar that plain data describe; DataError names the place of a mistake."""
    place = Place(data, path)
    members = place.members(
        required=("id", "version", "time_zone", "hours"),
        optional=("holidays", "shifts", "breaks"),
    )
    shifts = members.get("shifts")
    breaks = members.get("breaks")
    calendar = BusinessCalendar(
        calendar_id=members["id"].text(),
        version=members["version"].version(),
        time_zone=_time_zone(members["time_zone"]),
        weekly=_weekly(members["hours"], special_days=bool(shifts and shifts.value)),
        holidays=_holidays(members.get("holidays")),
        shifts=_dated_frames(shifts) if shifts else {},
        breaks=_dated_frames(breaks, may_overlap=True) if breaks else {},
    )
    if calendar.weekly is None and (calendar.holidays or calendar.shifts or calendar.breaks):
        raise place.error(
            "'hours: null' counts every instant, so holidays, shifts and breaks would be ignored; "
            'give hours, such as [["00:00", "24:00"]] on every weekday'
        )
    return calendar


def _time_zone(place: Place) -> str:
    name = place.text()
    try:
        zone(name)
    except ValueError as error:
        raise place.error(str(error)) from error
    return name


def _weekly(place: Place, *, special_days: bool) -> tuple[tuple[Frame, ...], ...] | None:
    if place.value is None:
        return None
    days = place.members(required=(), optional=WEEKDAYS)
    weekly = tuple(_frames(days[name]) if name in days else () for name in WEEKDAYS)
    if not any(weekly) and not special_days:
        raise place.error(
            "no weekday has open hours, so nothing would ever be due; "
            "give hours, or null to count every instant"
        )
    return weekly


def _holidays(place: Place | None) -> frozenset[int]:
    return frozenset(_day(item) for item in place.items()) if place else frozenset()


def _dated_frames(place: Place, *, may_overlap: bool = False) -> Mapping[int, tuple[Frame, ...]]:
    return {
        _day(Place(key, f"{place.path}.{key}")): _frames(frames, may_overlap=may_overlap)
        for key, frames in place.entries().items()
    }


def _day(place: Place) -> int:
    if type(place.value) is date:
        return epoch_day(place.value)
    try:
        return epoch_day(date.fromisoformat(place.text()))
    except ValueError as error:
        raise place.error(
            f"{place.value!r} is not a date; write it as in 2026-12-25 (a local date)"
        ) from error


def _frames(place: Place, *, may_overlap: bool = False) -> tuple[Frame, ...]:
    frames = sorted(_frame(item) for item in place.items())
    for earlier, later in pairwise(() if may_overlap else frames):
        if later.opens_us < earlier.closes_us:
            raise place.error("frames overlap; join those that do")
    return tuple(frames)


def _frame(place: Place) -> Frame:
    ends = place.items()
    if len(ends) != _FRAME_ENDS:
        raise place.error('a frame is two times: ["09:00", "17:00"]')
    opens_us, closes_us = _time_of_day_us(ends[0]), _time_of_day_us(ends[1])
    if closes_us <= opens_us:
        raise place.error(
            f"closes ({ends[1].value}) no later than it opens ({ends[0].value}); "
            "split a frame that crosses midnight at 24:00"
        )
    return Frame(opens_us, closes_us)


def _time_of_day_us(place: Place) -> int:
    text = place.text()
    match = _TIME.fullmatch(text)
    seconds = -1
    if match:
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        seconds = (hours * 60 + minutes) * 60 + rest
    if not 0 <= seconds * SECOND_US <= DAY_US:
        raise place.error(f"{text!r} is not a time of day; write HH:MM or HH:MM:SS up to 24:00")
    return seconds * SECOND_US
