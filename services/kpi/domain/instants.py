"""Instants as text: microseconds since the epoch, UTC, to ISO 8601 and back."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND_US = 1_000_000
# The years 1 to 9999; the last one is the first instant that is not within.
FIRST_US = -62_135_596_800 * SECOND_US
LAST_US = 253_402_300_800 * SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InstantError(ValueError):
    """An instant outside the years 1 to 9999, or a text that is none."""


# The same few bucket starts are written and read over and over.
@lru_cache(maxsize=8192)
def to_text(at_us: int) -> str:
    try:
        at = _EPOCH + timedelta(microseconds=at_us)
    except OverflowError as error:
        raise InstantError(
            f"{at_us} microseconds since 1970 is outside the years 1 to 9999: check its unit"
        ) from error
    return at.isoformat().removesuffix("+00:00") + "Z"


@lru_cache(maxsize=8192)
def from_text(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InstantError(f"{text!r} is no instant in ISO 8601") from error
    if at.tzinfo is None:
        raise InstantError(f"{text!r} names no time zone: write UTC, as in 2026-01-31T08:15:00Z")
    return (at - _EPOCH) // _MICROSECOND
