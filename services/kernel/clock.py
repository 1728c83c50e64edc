"""The only place that reads the machine's clock; everything else takes ``now`` as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    def now_us(self) -> int:
        """Return microseconds since the epoch, UTC."""
        ...


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() // 1_000


def to_datetime(at_us: int) -> datetime:
    """Turn microseconds since the epoch into an aware UTC datetime, exactly."""
    return _EPOCH + timedelta(microseconds=at_us)


def to_microseconds(at: datetime) -> int:
    """Turn an aware datetime into microseconds since the epoch, exactly.

    Raise ``ValueError`` for a naive one: which instant it means cannot be told.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; write one, for example +00:00")
    return (at - _EPOCH) // _MICROSECOND


def to_iso(at_us: int) -> str:
    return to_datetime(at_us).isoformat().replace("+00:00", "Z")
