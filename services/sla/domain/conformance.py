"""Runs a file of SLA cases against the calendars and clocks.

A case tells facts and what must come out: due times, business time spent, worst waits, open hours.
Kinds that ask about reports and not about promises are said to be out of scope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from services.sla.domain.calendar_data import calendar_from_mapping
from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.clock import Clock
from services.sla.domain.conformance_timeline import UNREACHABLE_US, Timeline
from services.sla.domain.plain_data import DataError, Place
from services.sla.domain.policies import Policy, Target
from services.sla.domain.zones import (
    DAY_US,
    SECOND_US,
    instant_text,
    local_to_utc_us,
    parse_instant_us,
    zone,
)

Verdict = Literal["ok", "failed", "declined", "out of scope"]

_MINUTE_US: Final = 60 * SECOND_US
_PERIODS_WITHIN_DAYS: Final = 60
_CALENDAR_KEYS: Final = ("time_zone", "hours", "holidays", "shifts", "breaks")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case expected and what came out, both by the case's own keys."""

    case_id: str
    verdict: Verdict
    expected: dict[str, Any] = field(default_factory=dict)
    actual: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


Case = Mapping[str, Any]
Expected = dict[str, Any]


def run_cases(document: Mapping[str, Any]) -> list[CaseResult]:
    """Evaluate every case of a document; DataError names what the document lacks."""
    members = Place(document, "cases file").entries()
    for key in ("calendars", "cases"):
        if key not in members:
            raise DataError(f"cases file: {key!r} is missing")
    return [_run(case.value, document["calendars"], case) for case in members["cases"].items()]


def _run(case: Any, calendars: Mapping[str, Any], place: Place) -> CaseResult:
    case_id, kind = place.entries()["id"].text(), case["kind"]
    evaluate = _KINDS.get(kind)
    if evaluate is None:
        return CaseResult(
            case_id, "out of scope", reason=f"{kind!r} asks about a report, not about a promise"
        )
    try:
        calendar = _calendar(case, calendars)
    except DataError as error:
        if case.get("optional"):
            return CaseResult(case_id, "declined", case["expect"], reason=str(error))
        raise
    return evaluate(case, calendar)


def _calendar(case: Case, calendars: Mapping[str, Any]) -> BusinessCalendar:
    name = case.get("calendar")
    if name is None:
        return BusinessCalendar.around_the_clock("none", "1")
    if name not in calendars:
        raise DataError(f"case {case['id']}: no calendar {name!r} in the file")
    known = {key: calendars[name][key] for key in _CALENDAR_KEYS if key in calendars[name]}
    return calendar_from_mapping({"id": name, "version": "1", **known}, f"calendars.{name}")


def _metric_span(case: Case, calendar: BusinessCalendar) -> CaseResult:
    start_us = parse_instant_us(case["start"])
    stop_us = parse_instant_us(case["stop"]) if "stop" in case else None
    target_us = case["target_min"] * _MINUTE_US if "target_min" in case else UNREACHABLE_US
    target_us = case["target_s"] * SECOND_US if "target_s" in case else target_us
    clock = _run_span(case, calendar, start_us, stop_us, target_us)
    actual: dict[str, Any] = {}
    if stop_us is None:
        assert clock.due_at_us is not None
        actual["due_at"] = instant_text(clock.due_at_us)
    else:
        spent_us = clock.elapsed_us(stop_us, calendar)
        actual["elapsed_min"] = spent_us / _MINUTE_US
        actual["remaining_min"] = (target_us - spent_us) / _MINUTE_US
        actual["breached"] = spent_us > target_us
    return _compared(case["id"], case["expect"], actual, case)


def _run_span(
    case: Case, calendar: BusinessCalendar, start_us: int, stop_us: int | None, target_us: int
) -> Clock:
    pauses = [
        (parse_instant_us(pause[0]), parse_instant_us(pause[1])) for pause in case.get("pauses", ())
    ]
    policy = Policy(case["id"], "1", calendar, {})
    clock = Clock.of("resolution", 1, policy.ref, Target(target_us), start_us)
    starts_paused = any(from_us <= start_us < to_us for from_us, to_us in pauses)
    clock.activate(start_us, calendar, running=not starts_paused)
    for from_us, to_us in pauses:
        end_us = clock.due_at_us if stop_us is None else stop_us
        if to_us <= start_us or (end_us is not None and end_us <= from_us):
            continue
        if clock.is_running:
            clock.pause(from_us, calendar)
        if stop_us is None or to_us <= stop_us:
            clock.resume(to_us, calendar)
    return clock


def _timeline(case: Case, calendar: BusinessCalendar) -> CaseResult:
    timeline = Timeline(case["policy"], calendar)
    results = []
    for number, step in enumerate(case["steps"], start=1):
        for event in step["do"]:
            timeline.take(event)
        result = _compared(case["id"], step["expect"], timeline.figures(), step)
        if result.verdict == "failed":
            named = f"step {number}"
            return CaseResult(case["id"], "failed", result.expected, result.actual, named)
        results.append(result)
    return results[-1]


def _policy_status(case: Case, calendar: BusinessCalendar) -> CaseResult:
    timeline = Timeline(case["policy"], calendar)
    for event in case["events"]:
        timeline.take(event)
    timeline.advance(parse_instant_us(case["now"]))
    return _compared(case["id"], case["expect"], timeline.status(), case)


def _open_periods(case: Case, calendar: BusinessCalendar) -> CaseResult:
    after_us = parse_instant_us(case["after"])
    periods = calendar.open_periods(after_us, after_us + _PERIODS_WITHIN_DAYS * DAY_US)
    shown = [[instant_text(period.from_us), instant_text(period.to_us)] for period in periods]
    actual = {"periods": shown[: len(case["expect"]["periods"])]}
    return _compared(case["id"], case["expect"], actual, case)


def _local_to_utc(case: Case, _: BusinessCalendar) -> CaseResult:
    local = datetime.fromisoformat(case["local"])
    utc = instant_text(local_to_utc_us(zone(case["time_zone"]), local))
    return _compared(case["id"], case["expect"], {"utc": utc}, case)


def _on_holiday(case: Case, calendar: BusinessCalendar) -> CaseResult:
    actual = {"on_holiday": calendar.on_holiday(parse_instant_us(case["at"]))}
    return _compared(case["id"], case["expect"], actual, case)


_KINDS: Final[dict[str, Callable[[Case, BusinessCalendar], CaseResult]]] = {
    "metric_span": _metric_span,
    "timeline": _timeline,
    "policy_status": _policy_status,
    "open_periods": _open_periods,
    "local_to_utc": _local_to_utc,
    "on_holiday": _on_holiday,
}


def _compared(case_id: str, expect: Expected, actual: dict[str, Any], case: Case) -> CaseResult:
    """Compare what a case expects by its keys, within its tolerance."""
    chosen = {key: actual[key] for key in expect if key in actual}
    others = {"due_at": case.get("equivalent_due_at", ())}
    tolerance_s = case.get("tolerance_s", 0)
    same = all(
        key in chosen
        and any(_same(key, one, chosen[key], tolerance_s) for one in (value, *others.get(key, ())))
        for key, value in expect.items()
    )
    return CaseResult(case_id, "ok" if same else "failed", expect, chosen)


def _same(key: str, expected: Any, actual: Any, tolerance_s: int) -> bool:
    if expected is None or actual is None or isinstance(expected, bool | list):
        return bool(expected == actual)
    if key.endswith("_at"):
        return abs(parse_instant_us(expected) - parse_instant_us(actual)) <= tolerance_s * SECOND_US
    if key.endswith("_min"):
        return bool(abs(expected - actual) * 60 <= tolerance_s)
    return bool(expected == actual)
