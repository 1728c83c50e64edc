"""Cases of calendars: business time, open periods, local times, holidays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from services.sla.domain.calendars import BusinessCalendar, Period
from services.sla.domain.clock import Clock
from services.sla.domain.conformance_expected import Allowance, CaseResult, Verdict, compared
from services.sla.domain.plain_data import DataError
from services.sla.domain.policies import Policy, Target
from services.sla.domain.zones import (
    DAY_US,
    SECOND_US,
    instant_text,
    local_to_utc_us,
    offset_us,
    parse_instant_us,
    zone,
)

Case = Mapping[str, Any]
# From when on which calendar holds.
Calendars = Sequence[tuple[int, BusinessCalendar]]

# A case may measure what it sets no target for.
UNREACHABLE_US: Final = 366 * DAY_US
_UNITS_US: Final = {
    "s": SECOND_US,
    "min": 60 * SECOND_US,
    "h": 3600 * SECOND_US,
}
_LOOK_AHEAD_DAYS: Final = (8, 60, 400)
_END_OF_DAY: Final = "24:00"


def duration_us(data: Mapping[str, Any], name: str) -> int | None:
    """Return a duration that is told as ``name_s``, ``name_min`` or ``name_h``, if it is."""
    for unit, unit_us in _UNITS_US.items():
        value = data.get(f"{name}_{unit}")
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise DataError(f"{name}_{unit}: {value!r} is not a length of time")
            return round(value * unit_us)
    return None


def instant_of_case(data: Mapping[str, Any], key: str) -> int:
    if key not in data:
        raise DataError(f"{key!r} is missing; give an instant, such as 2026-03-02T09:00:00Z")
    try:
        return parse_instant_us(data[key])
    except (TypeError, ValueError) as error:
        raise DataError(f"{key}: {data[key]!r} is not an instant: {error}") from error


def metric_span(case: Case, calendars: Calendars) -> CaseResult:
    start_us = instant_of_case(case, "start")
    stop_us = instant_of_case(case, "stop") if case.get("stop") is not None else None
    target_us = duration_us(case, "target")
    pauses = _pauses(case)
    # No target, or one of nothing, promises nothing: nothing is due.
    actual: dict[str, Any] = {"due_at": None}
    if target_us:
        actual["due_at"] = _due_text(calendars, pauses, start_us, target_us)
    if stop_us is not None:
        # What stops before it starts has taken no time.
        stop_us = max(start_us, stop_us)
        spent_us = _elapsed_us(calendars, pauses, start_us, stop_us)
        actual |= in_units("elapsed", spent_us)
        actual |= in_units("paused", _paused_us(calendars, pauses, start_us, stop_us))
        if target_us is not None:
            actual |= in_units("remaining", target_us - spent_us)
            actual["breached"] = spent_us > target_us
            actual["state"] = frozenset(
                ("missed", "breached") if spent_us > target_us else ("met", "fulfilled")
            )
    last = calendars[-1][1]
    return compared(case["id"], case.get("expect"), actual, Allowance.of(case, last))


def in_units(name: str, spent_us: int | None) -> dict[str, float | None]:
    return {
        f"{name}_{unit}": None if spent_us is None else spent_us / unit_us
        for unit, unit_us in _UNITS_US.items()
    }


def _pauses(case: Case) -> list[Period]:
    """Return the pauses in order; those that overlap or touch are one, ``null`` has no end."""
    found = []
    for pause in case.get("pauses") or ():
        from_us = instant_of_case({"pause": pause[0]}, "pause")
        to_us = from_us + 10 * UNREACHABLE_US
        if pause[1] is not None:
            to_us = instant_of_case({"pause": pause[1]}, "pause")
        if to_us < from_us:
            raise DataError(f"a pause ends ({pause[1]}) before it begins ({pause[0]})")
        found.append(Period(from_us, to_us))
    joined: list[Period] = []
    for pause_ in sorted(found):
        if joined and pause_.from_us <= joined[-1].to_us:
            joined[-1] = Period(joined[-1].from_us, max(joined[-1].to_us, pause_.to_us))
        else:
            joined.append(pause_)
    return joined


def _due_text(
    calendars: Calendars, pauses: Sequence[Period], start_us: int, target_us: int
) -> str | None:
    """Return when the target is used up; None while a pause without an end keeps it from that."""
    calendar = calendars[0][1]
    changes = [from_us for from_us, _ in calendars[1:] if from_us > start_us]
    clock = Clock.of("resolution", 1, _ref(calendar), Target(target_us), start_us)
    starts_paused = any(pause.from_us <= start_us < pause.to_us for pause in pauses)
    clock.activate(start_us, _in_force(calendars, start_us), running=not starts_paused)
    edges = [
        *((at_us, "calendar") for at_us in changes),
        *((pause.from_us, "pause") for pause in pauses if pause.from_us > start_us),
        *((pause.to_us, "resume") for pause in pauses if pause.to_us > start_us),
    ]
    paused = starts_paused
    for at_us, kind in sorted(edges):
        if clock.due_at_us is not None and clock.due_at_us <= at_us:
            break
        if clock.is_running:
            clock.pause(at_us, _in_force(calendars, at_us - 1))
        paused = kind == "pause" or (kind == "calendar" and paused)
        if not paused and at_us - start_us < UNREACHABLE_US:
            clock.resume(at_us, _in_force(calendars, at_us))
    return None if clock.due_at_us is None else instant_text(clock.due_at_us)


def _ref(calendar: BusinessCalendar) -> Any:
    return Policy("case", "1", calendar, {}).ref


def _in_force(calendars: Calendars, at_us: int) -> BusinessCalendar:
    first = calendars[0][1]
    return next((one for from_us, one in reversed(calendars) if from_us <= at_us), first)


def _elapsed_us(calendars: Calendars, pauses: Sequence[Period], from_us: int, to_us: int) -> int:
    return _open_us(calendars, from_us, to_us) - _paused_us(calendars, pauses, from_us, to_us)


def _paused_us(calendars: Calendars, pauses: Sequence[Period], from_us: int, to_us: int) -> int:
    cut = ((max(one.from_us, from_us), min(one.to_us, to_us)) for one in pauses)
    return sum(_open_us(calendars, begin, end) for begin, end in cut if begin < end)


def _open_us(calendars: Calendars, from_us: int, to_us: int) -> int:
    """Return the business time by the calendar that holds at each instant."""
    edges = [from_us, *(at for at, _ in calendars[1:] if from_us < at < to_us), to_us]
    return sum(_in_force(calendars, begin).elapsed_us(begin, end) for begin, end in pairwise(edges))


def open_periods(case: Case, calendars: Calendars) -> CaseResult:
    """Answer which periods are open at or after ``after``, or end at or before ``before``."""
    calendar = calendars[0][1]
    expect = case.get("expect")
    expected = expect.get("periods") if isinstance(expect, Mapping) else None
    if not isinstance(expected, list):
        raise DataError("expect: 'periods' is missing; give a list of [from, to]")
    backwards = "before" in case
    from_us = instant_of_case(case, "before" if backwards else "after")
    until_us = instant_of_case(case, "until") if case.get("until") else None
    found = _periods(calendar, from_us, until_us, len(expected), backwards=backwards)
    shown = [[instant_text(one.from_us), instant_text(one.to_us)] for one in found]
    told = [
        Period(instant_of_case({"from": one[0]}, "from"), instant_of_case({"to": one[1]}, "to"))
        for one in expected
    ]
    count = None if until_us is not None else len(expected)
    same = found[:count] == told or _cut_at_midnight(calendar, from_us, told)
    verdict: Verdict = "ok" if same else "failed"
    return CaseResult(case["id"], verdict, dict(expect or {}), {"periods": shown[:count]})


def _periods(
    calendar: BusinessCalendar, at_us: int, until_us: int | None, count: int, *, backwards: bool
) -> list[Period]:
    if until_us is not None:
        found = calendar.open_periods(min(at_us, until_us), max(at_us, until_us))
        return found[::-1] if backwards else found
    found = []
    for days in _LOOK_AHEAD_DAYS:
        # The last may be cut where one stops to look.
        far_us = days * DAY_US
        if backwards:
            found = calendar.open_periods(at_us - far_us, at_us)[::-1]
        else:
            found = calendar.open_periods(at_us, at_us + far_us)
        if len(found) > count:
            break
    return found


def _cut_at_midnight(calendar: BusinessCalendar, at_us: int, told: Sequence[Period]) -> bool:
    """Tell whether the periods from an instant on are told in pieces, cut at local midnight."""
    pieces = sorted(told)
    if not pieces:
        return False
    from_us, to_us = min(at_us, pieces[0].from_us), max(at_us, pieces[-1].to_us)
    joined: list[Period] = []
    for piece in pieces:
        if joined and joined[-1].to_us == piece.from_us:
            joined[-1] = Period(joined[-1].from_us, piece.to_us)
        else:
            joined.append(piece)
    where = zone(calendar.time_zone)
    cuts = {one.to_us for one in pieces} - {one.to_us for one in joined}
    # What is told last may end where the day does, though it goes on.
    outer = {to_us, from_us} - {at_us}
    cuts |= {edge for edge in outer if calendar.is_open(edge) and calendar.is_open(edge - 1)}
    at_midnight = all((cut + offset_us(where, cut)) % DAY_US == 0 for cut in cuts)
    return at_midnight and calendar.open_periods(from_us, to_us) == joined


def local_to_utc(case: Case, _: Calendars) -> CaseResult:
    for key in ("local", "time_zone"):
        if not isinstance(case.get(key), str):
            raise DataError(f"{key!r} is missing; it is text")
    utc = instant_text(local_to_utc_us(zone(case["time_zone"]), _local(case["local"])))
    calendar = BusinessCalendar.around_the_clock("none", "1")
    return compared(case["id"], case.get("expect"), {"utc": utc}, Allowance.of(case, calendar))


def _local(text: str) -> datetime:
    """Read a local time, of which ``24:00`` is the midnight that ends the day."""
    day, separator, time = text[:10], text[10:11], text[11:]
    if separator and time.startswith(_END_OF_DAY) and not time[len(_END_OF_DAY) :].strip(":0"):
        return datetime.fromisoformat(day) + timedelta(days=1)
    return datetime.fromisoformat(text)


def on_holiday(case: Case, calendars: Calendars) -> CaseResult:
    calendar = calendars[0][1]
    actual = {"on_holiday": calendar.on_holiday(instant_of_case(case, "at"))}
    return compared(case["id"], case.get("expect"), actual, Allowance.of(case, calendar))


def is_open(case: Case, calendars: Calendars) -> CaseResult:
    calendar = calendars[0][1]
    actual = {"is_open": calendar.is_open(instant_of_case(case, "at"))}
    actual |= {"open": actual["is_open"], "in_hours": actual["is_open"]}
    return compared(case["id"], case.get("expect"), actual, Allowance.of(case, calendar))


SPAN_KINDS: Final[dict[str, Callable[[Case, Calendars], CaseResult]]] = {
    "metric_span": metric_span,
    "open_periods": open_periods,
    "local_to_utc": local_to_utc,
    "on_holiday": on_holiday,
    "is_open": is_open,
}
