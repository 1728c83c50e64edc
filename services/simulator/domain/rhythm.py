"""When customers write: by hour of day and weekday of where they live, and in a crisis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from services.simulator.domain.actions import Language

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_MINUTES_PER_HOUR = 60
_MINUTES_PER_DAY = 24 * 60
# 1970-01-01 was a Thursday; Monday is 0.
_FIRST_WEEKDAY = 3

LANGUAGES: Sequence[tuple[Language, float]] = (("en", 0.55), ("zh", 0.45))
# Where most of a language's customers live, without summer time.
UTC_OFFSET_HOURS: Mapping[Language, int] = MappingProxyType({"en": 0, "zh": 8})

# At the full hour of local time, relative: a peak around lunch, a higher one in the evening.
HOUR_WEIGHTS: Sequence[float] = (
    *(0.25, 0.15, 0.10, 0.08, 0.08, 0.12, 0.25, 0.55),
    *(0.95, 1.30, 1.50, 1.70, 1.95, 1.75, 1.45, 1.35),
    *(1.35, 1.40, 1.55, 1.90, 2.10, 1.85, 1.20, 0.60),
)
# Monday first. On weekends fewer write, and later in the day.
WEEKDAY_WEIGHTS: Sequence[float] = (1.15, 1.08, 1.03, 1.0, 1.05, 0.86, 0.83)
_WEEKEND = 5
_WEEKEND_MORNING = 0.7
_NOON = 12


def local_minutes(at_us: int, language: Language) -> int:
    """Return the minutes since local midnight."""
    offset_us = UTC_OFFSET_HOURS[language] * HOUR_US
    return (at_us + offset_us) // MINUTE_US % _MINUTES_PER_DAY


def weekday(at_us: int, language: Language) -> int:
    """Return the local weekday; Monday is 0."""
    local_us = at_us + UTC_OFFSET_HOURS[language] * HOUR_US
    return (local_us // DAY_US + _FIRST_WEEKDAY) % 7


def is_weekend(at_us: int, language: Language) -> bool:
    return weekday(at_us, language) >= _WEEKEND


def arrivals_per_minute(at_us: int, language: Language, per_day: float) -> float:
    """Return how many conversations begin in the language around an instant.

    ``per_day``: in all languages on an average day.
    """
    minutes = local_minutes(at_us, language)
    hour, minute = divmod(minutes, _MINUTES_PER_HOUR)
    here, following = HOUR_WEIGHTS[hour], HOUR_WEIGHTS[(hour + 1) % len(HOUR_WEIGHTS)]
    weight = here + (following - here) * minute / _MINUTES_PER_HOUR
    weight *= WEEKDAY_WEIGHTS[weekday(at_us, language)]
    if is_weekend(at_us, language) and hour < _NOON:
        weight *= _WEEKEND_MORNING
    share = dict(LANGUAGES)[language]
    return per_day * share * weight / (sum(HOUR_WEIGHTS) * _MINUTES_PER_HOUR)


@dataclass(frozen=True, slots=True)
class Crisis:
    """For some hours everybody writes about one thing that broke.

    At its height ``strength`` times as many conversations begin as on an average day.
    """

    from_us: int
    to_us: int
    brand_id: str
    strength: float = 1.2

    def height(self, at_us: int) -> float:
        """Return 0 to 1: it rises within the first fifth and falls over the second half."""
        if not self.from_us <= at_us < self.to_us:
            return 0.0
        progress = (at_us - self.from_us) / (self.to_us - self.from_us)
        return min(1.0, progress / 0.2, (1.0 - progress) / 0.5)

    def arrivals_per_minute(self, at_us: int, language: Language, per_day: float) -> float:
        share = dict(LANGUAGES)[language]
        return self.height(at_us) * self.strength * share * per_day / _MINUTES_PER_DAY
