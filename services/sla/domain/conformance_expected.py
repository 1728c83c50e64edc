"""Whether what came out of a case is what the case expects.

An instant may be off by the case's tolerance, or be another wall-clock name of the same business
instant: the closing at which a target is used up and the next opening are one. Other systems cut
minutes to whole ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from typing import Any, Final, Literal

from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.plain_data import DataError
from services.sla.domain.zones import DAY_US, SECOND_US, parse_instant_us

Verdict = Literal["ok", "failed", "declined", "out of scope"]

_SECONDS: Final = {"_s": 1, "_min": 60, "_h": 3600}
# Binary fractions of a minute do not add up to the last digit.
_ROUNDING_S: Final = 1e-3
_NEXT_OPENING_WITHIN_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case expected and what came out, both by the case's own keys."""

    case_id: str
    verdict: Verdict
    expected: dict[str, Any] = field(default_factory=dict)
    actual: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a case, or a step of one, lets pass."""

    tolerance_s: float
    equivalents: Mapping[str, Sequence[str]]
    calendar: BusinessCalendar

    @classmethod
    def of(cls, case: Mapping[str, Any], calendar: BusinessCalendar) -> Allowance:
        equivalents = {
            key.removeprefix("equivalent_"): value if isinstance(value, list) else [value]
            for key, value in case.items()
            if key.startswith("equivalent_")
        }
        return cls(case.get("tolerance_s", 0), equivalents, calendar)


def compared(
    case_id: str, expect: object, actual: Mapping[str, Any], allowed: Allowance
) -> CaseResult:
    """Compare what a case expects, by its own keys."""
    if not isinstance(expect, Mapping) or not expect:
        raise DataError("'expect' is missing; say what must come out, by name")
    unknown = [str(key) for key in expect if key not in actual]
    if unknown:
        reason = f"nothing is known of {', '.join(unknown)}; known are {', '.join(sorted(actual))}"
        chosen = {key: actual[key] for key in expect if key in actual}
        return CaseResult(case_id, "failed", dict(expect), chosen, reason)
    chosen = {key: actual[key] for key in expect}
    same = all(_same(key, value, chosen[key], allowed) for key, value in expect.items())
    return CaseResult(case_id, "ok" if same else "failed", dict(expect), chosen)


def _same(key: str, expected: Any, actual: Any, allowed: Allowance) -> bool:
    if expected is None or actual is None or isinstance(expected, bool):
        return expected is actual
    if key.endswith("_at") or key == "utc":
        names = (expected, *allowed.equivalents.get(key, ()))
        actual_us = parse_instant_us(actual)
        return any(_same_instant(parse_instant_us(one), actual_us, allowed) for one in names)
    if key == "open_breaches":
        return sorted(expected) == sorted(actual)
    if isinstance(actual, frozenset):
        return expected in actual
    unit_s = next((value for end, value in _SECONDS.items() if key.endswith(end)), None)
    if unit_s is not None:
        return _same_duration(key, expected, actual, unit_s, allowed.tolerance_s)
    return bool(expected == actual)


def _same_duration(
    key: str, expected: float, actual: float, unit_s: int, tolerance_s: float
) -> bool:
    if abs(expected - actual) * unit_s <= tolerance_s + _ROUNDING_S:
        return True
    if isinstance(expected, int):
        # Time spent cut to whole minutes leaves a remainder that is rounded up.
        return expected == (-floor(-actual) if "remaining" in key else floor(actual))
    return False


def _same_instant(expected_us: int, actual_us: int, allowed: Allowance) -> bool:
    if abs(expected_us - actual_us) <= allowed.tolerance_s * SECOND_US:
        return True
    closing_us, opening_us = sorted((expected_us, actual_us))
    if opening_us - closing_us > _NEXT_OPENING_WITHIN_DAYS * DAY_US:
        return False
    calendar = allowed.calendar
    return (
        calendar.elapsed_us(closing_us, opening_us) == 0
        and calendar.is_open(closing_us - 1)
        and calendar.is_open(opening_us)
    )
