"""Local time and UTC: offsets, their changes, and local wall times as instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3600 * SECOND_US
DAY_US: Final = 24 * HOUR_US
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)


class Segment(NamedTuple):
    """A half-open UTC interval in which a zone keeps one offset."""

    from_us: int
    to_us: int
    offset_us: int


def zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name; ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"no time zone {name!r}; give an IANA name such as Europe/Berlin"
        ) from error


def offset_us(where: ZoneInfo, at_us: int) -> int:
    """Return what a local clock is ahead of UTC at an instant."""
    offset = (_EPOCH + timedelta(microseconds=at_us)).astimezone(where).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def segments(where: ZoneInfo, from_us: int, to_us: int) -> list[Segment]:
    """Split a UTC interval where the zone's offset changes.

    Offsets are sampled daily (no two changes in the tz database are closer than three days) and a
    change is found by bisection to the second, which is the grain of that database.
    """
    found: list[Segment] = []
    start, offset = from_us, offset_us(where, from_us)
    sample = from_us
    while sample < to_us:
        following = min(sample + DAY_US, to_us)
        new_offset = offset_us(where, following)
        if new_offset != offset:
            change = _change(where, sample, following)
            if change < to_us:
                found.append(Segment(start, change, offset))
                start, offset = change, new_offset
        sample = following
    found.append(Segment(start, to_us, offset))
    return found


def _change(where: ZoneInfo, before_us: int, after_us: int) -> int:
    """Return the first whole second at which the offset is that of ``after_us``."""
    offset = offset_us(where, after_us)
    low, high = before_us // SECOND_US, -(-after_us // SECOND_US)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_us(where, middle * SECOND_US) == offset:
            high = middle
        else:
            low = middle
    return high * SECOND_US


def epoch_day(day: date) -> int:
    """Count a date from 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def local_day(where: ZoneInfo, at_us: int) -> int:
    """Return the local date at an instant, counted from 1970-01-01."""
    return (at_us + offset_us(where, at_us)) // DAY_US


def local_to_utc_us(where: ZoneInfo, local: datetime) -> int:
    """Return the instant of a local wall time.

    A time that a spring gap leaves out moves later by the gap; of a time that stands twice in
    autumn the first is meant.
    """
    if local.tzinfo is not None:
        raise ValueError(f"{local.isoformat()} carries an offset; give a local time without one")
    return (local.replace(tzinfo=where, fold=0).astimezone(UTC) - _EPOCH) // _MICROSECOND


def instant_us(at: datetime) -> int:
    """Return an aware datetime as microseconds since the epoch."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no offset; instants are aware")
    return (at - _EPOCH) // _MICROSECOND


def parse_instant_us(text: str) -> int:
    """Read an ISO 8601 instant with its offset."""
    return instant_us(datetime.fromisoformat(text))


def instant_text(at_us: int) -> str:
    """Show an instant as ISO 8601 in UTC."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")
