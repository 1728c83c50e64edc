"""Policies as data.

``{calendars: [<calendar>, …], policies: [{id, version, calendar, when: {channels: [], brands: [],
priorities: []}, targets: {first_response: {within: "1h", warn_at_percent: 80,
pause_in: [pending]}}}, …]}``

Policies are tried in their order, the first that applies wins. ``within`` is business time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, cast

from services.sla.domain.calendar_data import calendar_from_mapping
from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.plain_data import Place
from services.sla.domain.policies import (
    CLOCKS,
    STATUSES,
    ClockName,
    Policy,
    PolicyBook,
    Status,
    Target,
)
from services.sla.domain.zones import SECOND_US

_DURATION: Final = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
_WHOLE: Final = 100


def book_from_mapping(data: object, path: str = "policies file") -> PolicyBook:
    """Return the policies and calendars that plain data describe; DataError names the place."""
    members = Place(data, path).members(required=("calendars", "policies"), optional=())
    calendars: dict[str, tuple[BusinessCalendar, object]] = {}
    for place in members["calendars"].items():
        calendar = calendar_from_mapping(place.value, place.path)
        if calendar.calendar_id in calendars:
            raise place.error(f"a calendar {calendar.calendar_id!r} stands here twice")
        calendars[calendar.calendar_id] = calendar, place.value
    policies: dict[str, Policy] = {}
    for place in members["policies"].items():
        policy = _policy(place, calendars)
        if policy.policy_id in policies:
            raise place.error(f"a policy {policy.policy_id!r} stands here twice")
        policies[policy.policy_id] = policy
    return PolicyBook(tuple(policies.values()))


def policy_from_definition(text: str) -> Policy:
    """Return a policy from its ``definition``."""
    data = json.loads(text)
    calendar = calendar_from_mapping(data["calendar"])
    return _policy(
        Place(data["policy"], "policy"), {calendar.calendar_id: (calendar, data["calendar"])}
    )


def _policy(place: Place, calendars: Mapping[str, tuple[BusinessCalendar, object]]) -> Policy:
    members = place.members(required=("id", "version", "calendar", "targets"), optional=("when",))
    named = calendars.get(members["calendar"].text())
    if named is None:
        raise members["calendar"].error(
            f"no calendar {members['calendar'].value!r}; known are {', '.join(calendars) or 'none'}"
        )
    calendar, calendar_data = named
    conditions: dict[str, Place] = {}
    if "when" in members:
        conditions = members["when"].members(
            required=(), optional=("channels", "brands", "priorities")
        )
    return Policy(
        policy_id=members["id"].text(),
        version=members["version"].version(),
        calendar=calendar,
        targets=_targets(members["targets"]),
        channels=_condition(conditions.get("channels")),
        brands=_condition(conditions.get("brands")),
        priorities=_condition(conditions.get("priorities")),
        definition=_text_of({"calendar": calendar_data, "policy": place.value}),
    )


def _text_of(data: object) -> str:
    """Return plain data as text, equal for equal data."""
    return json.dumps(_with_text_keys(data), sort_keys=True, ensure_ascii=False, default=str)


def _with_text_keys(data: object) -> object:
    # YAML reads an unquoted date as a date, even where it is a key.
    if isinstance(data, Mapping):
        return {str(key): _with_text_keys(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_with_text_keys(value) for value in data]
    return data


def _condition(place: Place | None) -> tuple[str, ...]:
    if place is None:
        return ()
    values = place.texts()
    if not values:
        raise place.error("an empty list would never apply; leave the key out to apply to all")
    return values


def _targets(place: Place) -> dict[ClockName, Target]:
    given = place.members(required=(), optional=CLOCKS)
    if not given:
        raise place.error(f"a policy promises something: one or more of {', '.join(CLOCKS)}")
    return {name: _target(given[name]) for name in CLOCKS if name in given}


def _target(place: Place) -> Target:
    members = place.members(required=("within",), optional=("warn_at_percent", "pause_in"))
    target_us = _duration_us(members["within"])
    warn_after_us = None
    if "warn_at_percent" in members:
        percent = members["warn_at_percent"].whole_number(1, _WHOLE - 1)
        warn_after_us = target_us * percent // _WHOLE
    pause_in = _statuses(members["pause_in"]) if "pause_in" in members else ()
    return Target(target_us, warn_after_us, pause_in)


def _statuses(place: Place) -> tuple[Status, ...]:
    for item in place.items():
        if item.text() not in STATUSES:
            raise item.error(f"no status {item.value!r}; known are {', '.join(STATUSES)}")
    return cast("tuple[Status, ...]", place.texts())


def _duration_us(place: Place) -> int:
    text = place.text()
    match = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = (hours * 60 + minutes) * 60 + seconds
    if total <= 0:
        raise place.error(
            f"{text!r} is not a duration of business time; write it as 45s, 15m, 8h or 1h30m "
            "(days are not taken: a business day has no fixed length)"
        )
    return total * SECOND_US
