"""Dates as people and files write them, and how near two of them are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from services.identity.matching.normalise import present

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年 ]+(\d{1,2})[-/.月 ]+(\d{1,2})日?(?:[t ].*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4})(?:[t ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR = re.compile(r"(\d{4})(?:\.0)?年?")
_LONGEST_MONTH = 12


class Day(NamedTuple):
    """A date as it was written: a typing error may make it one that no calendar has."""

    year: str
    month: str
    day: str


@lru_cache(maxsize=1 << 16)
def parse(text: str | None) -> Day | None:
    """Read a date; month before day where the two cannot be told apart."""
    value = present(text)
    if match := _YEAR_FIRST.fullmatch(value) or _COMPACT.fullmatch(value):
        return Day(match[1], match[2].zfill(2), match[3].zfill(2))
    if match := _YEAR_LAST.fullmatch(value):
        first, second = match[1].zfill(2), match[2].zfill(2)
        if int(first) > _LONGEST_MONTH:
            first, second = second, first
        return Day(match[3], first, second)
    if match := _YEAR.fullmatch(value):
        return Day(match[1], "", "")
    return None


LEVELS = (
    "same date",
    "same year, day and month swapped",
    "one digit off",
    "same year and month",
    "same year",
    "same day and month",
    "within ten years",
    "different",
)
_NEAR_YEARS = 10


def level(a: Day, b: Day) -> int:  # noqa: PLR0911  # a ladder of levels
    if a == b:
        return 0
    if a.year == b.year and a.month and b.month:
        if a.month == b.day and a.day == b.month:
            return 1
        if _one_off(a.month + a.day, b.month + b.day):
            return 2
        return 3 if a.month == b.month else 4
    if a.year == b.year:
        return 4
    if a.month and a.month == b.month and a.day == b.day:
        return 2 if _one_off(a.year, b.year) else 5
    return 6 if abs(int(a.year) - int(b.year)) <= _NEAR_YEARS else 7


def _one_off(a: str, b: str) -> bool:
    return OSA.distance(a, b, score_cutoff=1) <= 1
