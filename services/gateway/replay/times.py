"""Times as files write them, as microseconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from services.gateway.replay.rules import TimeRule

ISO = "iso8601"
EPOCH_FORMATS = {"epoch-seconds": 1_000_000, "epoch-milliseconds": 1_000, "epoch-microseconds": 1}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DIRECTIVE = re.compile(r"%(.)", re.DOTALL)
_KNOWN = frozenset("aAwdbBmyYHIpMSfzjUWGuV%")
_FIRST_SECOND = Decimal(-62_135_596_800)  # the years 1 to 9999, as in the calendar of datetime
_LAST_SECOND = Decimal(253_402_300_799)


class TimeError(ValueError):
    """A time cannot be read; the message says why."""


def format_problem(form: str) -> str:
    """Return what is wrong with a format, or ""."""
    if form == ISO or form in EPOCH_FORMATS:
        return ""
    directives = set(_DIRECTIVE.findall(form))
    if unknown := sorted(directives - _KNOWN):
        return f"has %{unknown[0]}, which cannot be read on every machine"
    if not directives & {"Y", "y"}:
        return "names no year (%Y)"
    if "j" not in directives and not ("d" in directives and directives & {"m", "b", "B"}):
        return "names no day (%m and %d)"
    return ""


def needs_zone(form: str) -> bool:
    """Whether times in this format never name their offset."""
    return form != ISO and form not in EPOCH_FORMATS and "z" not in _DIRECTIVE.findall(form)


class TimeReader:
    """Reads one file's times.

    A local time that a zone has twice (clocks set back) is taken as the first of the two; one that
    it skips is refused.
    """

    def __init__(self, rule: TimeRule) -> None:
        self._formats = rule.formats
        self._zone = ZoneInfo(rule.zone) if rule.zone else None

    def at_us(self, text: str) -> int:
        """Return microseconds since the epoch. Raises TimeError."""
        for form in self._formats:
            scale = EPOCH_FORMATS.get(form)
            try:
                if scale is not None:
                    return _from_epoch(text, scale)
                if form == ISO:
                    parsed = datetime.fromisoformat(text)
                else:
                    parsed = datetime.strptime(text, form)  # noqa: DTZ007 - _instant gives a zone
            except ValueError:
                continue
            try:
                return self._instant(parsed, text)
            except OverflowError:
                raise TimeError(f"{text!r} lies outside the years 1 to 9999") from None
        raise TimeError(f"{text!r} is not a time like {' or '.join(self._formats)}")

    def _instant(self, parsed: datetime, text: str) -> int:
        if parsed.tzinfo is None:
            if self._zone is None:
                raise TimeError(f"{text!r} names no offset: set time.zone in the mapping")
            wall = parsed
            parsed = wall.replace(tzinfo=self._zone, fold=0)
            if parsed.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != wall:
                raise TimeError(f"{text!r} does not exist in {self._zone.key}: clocks skipped it")
        return (parsed - _EPOCH) // _MICROSECOND


def _from_epoch(text: str, scale: int) -> int:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or not _FIRST_SECOND <= value * scale / 1_000_000 <= _LAST_SECOND:
        raise ValueError(text)
    return int(value * scale)
