"""Runs a file of SLA cases against the calendars and clocks.

A case tells facts and what must come out: due times, business time spent, worst waits, open hours.
A case that cannot be read, or of a kind that nobody knows, fails with its reason, and the others
are run all the same. Kinds that ask about reports and not about promises are out of scope here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.sla.domain.calendar_data import calendar_from_mapping
from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.conformance_expected import Allowance, CaseResult, Verdict, compared
from services.sla.domain.conformance_spans import (
    SPAN_KINDS,
    Calendars,
    Case,
    instant_of_case,
)
from services.sla.domain.conformance_timeline import Timeline
from services.sla.domain.plain_data import DataError, Place

__all__ = ["CaseResult", "Verdict", "run_cases"]

_CALENDAR_KEYS: Final = ("time_zone", "hours", "holidays", "shifts", "breaks")
# Where a case says that the calendar changes, and how.
_FOLLOWING: Final = (
    "calendars",
    "calendar_changes",
    "calendar_change",
    "schedules",
    "schedule_changes",
    "segments",
)
_CALENDAR_NAMES: Final = ("calendar", "schedule", "to", "name")
_SINCE: Final = ("from", "at", "start", "since", "valid_from")
_REPORT_KINDS: Final = ("histogram", "aggregate")
_TIMELINE_KINDS: Final = ("timeline", "policy_status")
# What plain data of another shape than expected raise where they are taken apart.
_ODD_SHAPE: Final = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)


def run_cases(document: Mapping[str, Any]) -> list[CaseResult]:
    """Evaluate every case of a document, in its order; DataError names what the document lacks."""
    members = Place(document, "cases file").entries()
    for key in ("calendars", "cases"):
        if key not in members:
            raise DataError(f"cases file: {key!r} is missing")
    calendars = members["calendars"].entries()
    return [_run(place, calendars) for place in members["cases"].items()]


def _run(place: Place, calendars: Mapping[str, Place]) -> CaseResult:
    case = place.value
    if not isinstance(case, Mapping):
        return CaseResult(place.path, "failed", reason="a case is a mapping with 'id' and 'kind'")
    if not isinstance(case.get("id"), str) or not case["id"]:
        return CaseResult(place.path, "failed", reason="'id' is missing; a case has a name")
    try:
        return _evaluated(case, calendars)
    except DataError as error:
        reason = str(error)
    except _ODD_SHAPE as error:
        reason = f"the case cannot be read: {type(error).__name__}: {error}"
    verdict: Verdict = "declined" if case.get("optional") else "failed"
    expect = case.get("expect")
    return CaseResult(
        case["id"], verdict, dict(expect) if isinstance(expect, Mapping) else {}, reason=reason
    )


def _evaluated(case: Case, calendars: Mapping[str, Place]) -> CaseResult:
    kind = case.get("kind")
    if kind in _REPORT_KINDS:
        reason = f"{kind!r} asks about a report, not about a promise"
        return CaseResult(case["id"], "out of scope", reason=reason)
    if kind in SPAN_KINDS:
        return SPAN_KINDS[str(kind)](case, _calendars(case, calendars))
    if kind in _TIMELINE_KINDS:
        calendar = _calendars(case, calendars)[0][1]
        return _timeline(case, calendar) if kind == "timeline" else _policy_status(case, calendar)
    known = ", ".join((*SPAN_KINDS, *_TIMELINE_KINDS, *_REPORT_KINDS))
    raise DataError(f"unknown kind {kind!r}; known are {known}")


def _calendars(case: Case, calendars: Mapping[str, Place]) -> Calendars:
    """Return the case's calendar, or those that hold one after another."""
    first = case.get("calendar")
    following: Any = next((case[key] for key in _FOLLOWING if case.get(key) is not None), [])
    if isinstance(first, list):
        first, following = None, first
    changes = following if isinstance(following, list) else [following]
    found = [] if first is None and changes else [(0, _calendar(first, calendars))]
    for number, change in enumerate(changes):
        # [INSTANT, NAME] says the same more shortly.
        told = {"from": change[0], "calendar": change[1]} if isinstance(change, list) else change
        if not isinstance(told, Mapping):
            raise DataError(f"calendars[{number}]: give {{calendar: NAME, from: INSTANT}}")
        name = next((told[key] for key in _CALENDAR_NAMES if key in told), None)
        since = next((key for key in _SINCE if told.get(key) is not None), None)
        from_us = 0 if since is None else instant_of_case(told, since)
        found.append((from_us, _calendar(name, calendars)))
    return sorted(found, key=_since)


def _since(one: tuple[int, BusinessCalendar]) -> int:
    return one[0]


def _calendar(name: Any, calendars: Mapping[str, Place]) -> BusinessCalendar:
    if name is None:
        return BusinessCalendar.around_the_clock("none", "1")
    if isinstance(name, Mapping):
        name, data = "inline", name
    elif name in calendars:
        data = calendars[name].entries()
        data = {key: place.value for key, place in data.items()}
    else:
        raise DataError(f"no calendar {name!r} in the file; it has {', '.join(calendars)}")
    known = {key: data[key] for key in _CALENDAR_KEYS if data.get(key) or key == "hours"}
    if known["hours"] is None:
        # Business hours are off: with them goes all that changes them.
        known = {"time_zone": data["time_zone"], "hours": None}
    return calendar_from_mapping({"id": name, "version": "1", **known}, f"calendars.{name}")


def _timeline(case: Case, calendar: BusinessCalendar) -> CaseResult:
    timeline = Timeline(_policies(case), calendar)
    result: CaseResult | None = None
    for number, step in enumerate(Place(case.get("steps"), "steps").items(), start=1):
        told = step.entries()
        for event in told["do"].items() if "do" in told else ():
            timeline.take({key: place.value for key, place in event.entries().items()})
        if "now" in told:
            timeline.advance(instant_of_case({"now": told["now"].value}, "now"))
        rules = {"tolerance_s": case.get("tolerance_s", 0)}
        rules |= {key: place.value for key, place in told.items()}
        allowed = Allowance.of(rules, calendar)
        result = compared(case["id"], rules.get("expect"), timeline.figures(), allowed)
        if result.verdict == "failed":
            reason = f"step {number}" + (f": {result.reason}" if result.reason else "")
            return CaseResult(case["id"], "failed", result.expected, result.actual, reason)
    if result is None:
        raise DataError("'steps' is empty; a timeline has steps of {do, expect}")
    return result


def _policy_status(case: Case, calendar: BusinessCalendar) -> CaseResult:
    timeline = Timeline(_policies(case), calendar)
    for event in Place(case.get("events"), "events").items():
        timeline.take({key: place.value for key, place in event.entries().items()})
    timeline.advance(instant_of_case(case, "now"))
    actual = timeline.figures()
    return compared(case["id"], case.get("expect"), actual, Allowance.of(case, calendar))


def _policies(case: Case) -> list[Mapping[str, Any]]:
    """Return the case's policies, first match first."""
    several = case.get("policies")
    given = Place([case.get("policy", {})] if several is None else several, "policies")
    return [{key: one.value for key, one in place.entries().items()} for place in given.items()]
