from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.sla.domain.calendar_data import calendar_from_mapping
from services.sla.domain.calendars import BusinessCalendar

CalendarMaker = Callable[..., BusinessCalendar]


@pytest.fixture
def calendar() -> CalendarMaker:
    """Make a calendar of weekday hours written as ``mon="09:00-12:30 13:30-18:00"``."""

    def make(
        time_zone: str = "UTC",
        *,
        holidays: tuple[str, ...] = (),
        shifts: dict[str, Any] | None = None,
        breaks: dict[str, Any] | None = None,
        **hours: str,
    ) -> BusinessCalendar:
        data = {
            "id": "c",
            "version": "1",
            "time_zone": time_zone,
            "hours": {
                day: [frame.split("-") for frame in frames.split()] for day, frames in hours.items()
            },
            "holidays": list(holidays),
            "shifts": shifts or {},
            "breaks": breaks or {},
        }
        return calendar_from_mapping(data)

    return make


@pytest.fixture
def weekdays(calendar: CalendarMaker) -> Callable[..., BusinessCalendar]:
    """Make a calendar of the same hours from Monday to Friday."""

    def make(hours: str, time_zone: str = "UTC", **more: Any) -> BusinessCalendar:
        return calendar(time_zone, mon=hours, tue=hours, wed=hours, thu=hours, fri=hours, **more)

    return make
