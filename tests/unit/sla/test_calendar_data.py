from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from services.sla.domain.calendar_data import calendar_from_mapping
from services.sla.domain.plain_data import DataError
from services.sla.domain.zones import epoch_day

OFFICE: dict[str, Any] = {
    "id": "office",
    "version": 3,
    "time_zone": "Europe/Berlin",
    "hours": {"mon": [["13:00", "18:00"], ["09:00", "12:30"]]},
}


def test_a_calendar_is_read() -> None:
    calendar = calendar_from_mapping(
        {**OFFICE, "holidays": ["2026-12-25", date(2026, 12, 26)], "breaks": {}}
    )
    assert (calendar.calendar_id, calendar.version) == ("office", "3")
    assert calendar.weekly is not None
    assert calendar.weekly[0] == (
        (32_400_000_000, 45_000_000_000),
        (46_800_000_000, 64_800_000_000),
    )
    assert calendar.weekly[1:] == ((),) * 6
    assert calendar.holidays == {epoch_day(date(2026, 12, 25)), epoch_day(date(2026, 12, 26))}


def test_hours_of_null_count_every_instant() -> None:
    assert calendar_from_mapping({**OFFICE, "hours": None}).weekly is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hours": {}}, r"^calendar\.hours: no weekday has open hours"),
        ({"hours": {"mon": []}}, r"^calendar\.hours: no weekday has open hours"),
        ({"hours": {"monday": []}}, r"^calendar\.hours: unknown key 'monday'; known are mon, tue"),
        ({"hours": {"mon": ["09:00"]}}, r"^calendar\.hours\.mon\[0\]: expected a list, got str"),
        ({"hours": {"mon": [["09:00"]]}}, r"mon\[0\]: a frame is two times"),
        (
            {"hours": {"mon": [["22:00", "06:00"]]}},
            r"mon\[0\]: closes .* crosses midnight at 24:00",
        ),
        ({"hours": {"mon": [["09:00", "09:00"]]}}, r"mon\[0\]: closes"),
        (
            {"hours": {"mon": [[540, "10:00"]]}},
            r"mon\[0\]\[0\]: expected text, got int 540; put it",
        ),
        ({"hours": {"mon": [["9:00", "10:00"]]}}, r"'9:00' is not a time of day; write HH:MM"),
        ({"hours": {"mon": [["09:00", "24:01"]]}}, r"'24:01' is not a time of day"),
        (
            {"hours": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}},
            r"^calendar\.hours\.mon: frames overlap",
        ),
        ({"hours": "always"}, r"^calendar\.hours: expected a mapping, got str 'always'"),
        ({"time_zone": "Europe/Bonn"}, r"^calendar\.time_zone: no time zone 'Europe/Bonn'; give"),
        ({"holidays": ["25.12.2026"]}, r"^calendar\.holidays\[0\]: '25.12.2026' is not a date"),
        ({"holidays": [datetime(2026, 1, 1)]}, r"holidays\[0\]: .* is not a date"),  # noqa: DTZ001
        ({"holidays": "2026-12-25"}, r"^calendar\.holidays: expected a list"),
        ({"shifts": {"soon": []}}, r"^calendar\.shifts\.soon: 'soon' is not a date"),
        (
            {"breaks": {"2026-12-24": [["12:00", "11:00"]]}},
            r"^calendar\.breaks\.2026-12-24\[0\]: closes",
        ),
        ({"hours": None, "holidays": ["2026-12-25"]}, r"^calendar: 'hours: null' counts every"),
        ({"version": True}, r"^calendar\.version: expected text, got bool True"),
        ({"feiertage": []}, r"^calendar: unknown key 'feiertage'; known are id, version"),
    ],
)
def test_a_mistake_is_named_with_its_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        calendar_from_mapping({**OFFICE, **change})


def test_a_missing_key_is_named() -> None:
    with pytest.raises(DataError, match="'hours' is missing"):
        calendar_from_mapping({key: OFFICE[key] for key in ("id", "version", "time_zone")})
