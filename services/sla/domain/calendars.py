"""Business calendars: exact business time between instants, whatever the local clocks do.

An instant is open when the local wall clock shows a time within a frame of the local date. Where
the clock is put forward, a frame that spans the hour nobody saw loses it, and an edge within that
hour is met an hour later, as ``local_to_utc_us`` has it: 02:30 to 05:00 opens at 03:30, 02:30 to
03:15 not at all. Where the clock is put back, the hour that is seen twice counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from services.sla.domain.zones import DAY_US, local_day, segments, zone

# A target that ten years of opening hours do not use up is a mistake in the data.
_FARTHEST_DAYS: Final = 10 * 366
_FIRST_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; Monday counts 0


class CalendarError(ValueError):
    """A question that the calendar has no answer to."""


class Frame(NamedTuple):
    """A half-open part of a local day, in microseconds of wall time since its midnight."""

    opens_us: int
    closes_us: int


class Period(NamedTuple):
    """A half-open UTC interval."""

    from_us: int
    to_us: int


class _OpenDay(NamedTuple):
    """What is open of one UTC day."""

    periods: tuple[Period, ...]
    total_us: int


@dataclass(frozen=True)
class BusinessCalendar:
    """Opening hours of a time zone; days count from 1970-01-01.

    ``weekly`` holds the frames of Monday to Sunday, ``None`` means that every instant counts.
    ``shifts`` replace the weekly frames of a date, ``breaks`` are taken out of it, and on a
    holiday nothing is open. Frames of a day are sorted and do not overlap.
    """

    calendar_id: str
    version: str
    time_zone: str
    weekly: tuple[tuple[Frame, ...], ...] | None
    holidays: frozenset[int] = frozenset()
    shifts: Mapping[int, tuple[Frame, ...]] = field(default_factory=dict)
    breaks: Mapping[int, tuple[Frame, ...]] = field(default_factory=dict)
    # Grows by one entry for each UTC day ever asked for: some thousands in a long replay.
    _days: dict[int, _OpenDay] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def around_the_clock(cls, calendar_id: str, version: str) -> Self:
        """Return the calendar in which business time is time."""
        return cls(calendar_id, version, "UTC", None)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return zone(self.time_zone)

    @cached_property
    def _always_open(self) -> bool:
        if self.weekly is None:
            return True
        exceptions = self.holidays or self.shifts or self.breaks
        return not exceptions and all(_is_whole_day(frames) for frames in self.weekly)

    def due_at(self, start_at_us: int, target_us: int) -> int:
        """Return the first instant at which ``target_us`` of business time have passed.

        A target used up exactly at closing time is due at closing time, not at the next opening.
        """
        if target_us < 0:
            raise CalendarError(f"a target of {target_us} µs; it cannot be negative")
        if target_us == 0 or self._always_open:
            return start_at_us + target_us
        left_us = target_us
        first = start_at_us // DAY_US
        for day in range(first, first + _FARTHEST_DAYS):
            periods, total_us = self._open_day(day)
            if day != first and total_us < left_us:
                left_us -= total_us
                continue
            for opens_us, closes_us in periods:
                from_us = max(opens_us, start_at_us)
                if closes_us - from_us >= left_us:
                    return from_us + left_us
                left_us -= max(0, closes_us - from_us)
        raise CalendarError(
            f"calendar {self.calendar_id!r} does not open for {target_us} µs within ten years; "
            "shorten the target or widen the hours"
        )

    def elapsed_us(self, from_us: int, to_us: int) -> int:
        """Return the business time of the half-open interval."""
        if to_us < from_us:
            raise CalendarError(f"the interval ends ({to_us}) before it starts ({from_us})")
        if self._always_open:
            return to_us - from_us
        first, last = from_us // DAY_US, to_us // DAY_US
        elapsed = self._open_between(first, from_us, to_us)
        if last > first:
            elapsed += sum(self._open_day(day).total_us for day in range(first + 1, last))
            elapsed += self._open_between(last, from_us, to_us)
        return elapsed

    def open_periods(self, from_us: int, to_us: int) -> list[Period]:
        """Return the open periods within an interval, cut to it; those that touch are one."""
        if self._always_open:
            return [Period(from_us, to_us)] if from_us < to_us else []
        days = range(from_us // DAY_US, -(-to_us // DAY_US))
        cut = (
            Period(max(period.from_us, from_us), min(period.to_us, to_us))
            for day in days
            for period in self._open_day(day).periods
        )
        return _joined([period for period in cut if period.from_us < period.to_us])

    def is_open(self, at_us: int) -> bool:
        return bool(self.open_periods(at_us, at_us + 1))

    def on_holiday(self, at_us: int) -> bool:
        """Whether the local date at an instant is a holiday."""
        return local_day(self._zone, at_us) in self.holidays

    def _open_between(self, day: int, from_us: int, to_us: int) -> int:
        return sum(
            max(0, min(period.to_us, to_us) - max(period.from_us, from_us))
            for period in self._open_day(day).periods
        )

    def _open_day(self, day: int) -> _OpenDay:
        known = self._days.get(day)
        if known is None:
            periods = tuple(_joined(self._periods(day)))
            total_us = sum(period.to_us - period.from_us for period in periods)
            known = self._days[day] = _OpenDay(periods, total_us)
        return known

    def _periods(self, day: int) -> list[Period]:
        # By UTC day and not by local date: where clocks are put back over midnight, the end of a
        # date comes after the beginning of the next.
        periods = []
        for from_us, to_us, offset_us in segments(self._zone, day * DAY_US, (day + 1) * DAY_US):
            local_from_us, local_to_us = from_us + offset_us, to_us + offset_us
            for date in range(local_from_us // DAY_US, -(-local_to_us // DAY_US)):
                midnight_us = date * DAY_US
                for frame in self._frames_met(date):
                    opens_us = max(midnight_us + frame.opens_us, local_from_us)
                    closes_us = min(midnight_us + frame.closes_us, local_to_us)
                    if opens_us < closes_us:
                        periods.append(Period(opens_us - offset_us, closes_us - offset_us))
        return periods

    def _frames_met(self, date: int) -> tuple[Frame, ...]:
        """Return the frames of a date, with the edges that a gap leaves out where they are met."""
        frames = self._frames(date)
        gap = _gap(self._zone, date) if frames else None
        if gap is None:
            return frames
        moved = sorted(
            Frame(_moved(frame.opens_us, gap), _moved(frame.closes_us, gap))
            for frame in _joined_frames(frames)
            # Of what falls into the gap as a whole nothing was seen.
            if not gap.opens_us <= frame.opens_us < frame.closes_us <= gap.closes_us
        )
        return _joined_frames([frame for frame in moved if frame.opens_us < frame.closes_us])

    def _frames(self, date: int) -> tuple[Frame, ...]:
        assert self.weekly is not None
        if date in self.holidays:
            return ()
        frames = self.shifts.get(date, self.weekly[(date + _FIRST_WEEKDAY) % 7])
        for taken in self.breaks.get(date, ()):
            frames = tuple(part for frame in frames for part in _without(frame, taken))
        return frames


@lru_cache(maxsize=4096)
def _gap(where: ZoneInfo, date: int) -> Frame | None:
    """Return the local times of a date that the zone's clocks leave out."""
    # No offset is a day or more, so these instants are around the date.
    parts = segments(where, (date - 1) * DAY_US, (date + 2) * DAY_US)
    for earlier, later in pairwise(parts):
        from_us = earlier.to_us + earlier.offset_us - date * DAY_US
        to_us = later.from_us + later.offset_us - date * DAY_US
        if from_us < to_us and from_us < DAY_US and to_us > 0:
            return Frame(from_us, to_us)
    return None


def _moved(edge_us: int, gap: Frame) -> int:
    if gap.opens_us < edge_us < gap.closes_us:
        return edge_us + gap.closes_us - gap.opens_us
    return edge_us


def _is_whole_day(frames: tuple[Frame, ...]) -> bool:
    joined = _joined([Period(frame.opens_us, frame.closes_us) for frame in frames])
    return joined == [Period(0, DAY_US)]


def _joined_frames(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Join frames that touch or overlap; they are sorted."""
    joined: list[Frame] = []
    for frame in frames:
        if joined and frame.opens_us <= joined[-1].closes_us:
            joined[-1] = Frame(joined[-1].opens_us, max(joined[-1].closes_us, frame.closes_us))
        else:
            joined.append(frame)
    return tuple(joined)


def _joined(periods: list[Period]) -> list[Period]:
    """Join neighbours that touch; the periods are sorted and do not overlap."""
    joined: list[Period] = []
    for period in periods:
        if joined and joined[-1].to_us == period.from_us:
            joined[-1] = Period(joined[-1].from_us, period.to_us)
        else:
            joined.append(period)
    return joined


def _without(frame: Frame, taken: Frame) -> list[Frame]:
    parts = [
        Frame(frame.opens_us, min(frame.closes_us, taken.opens_us)),
        Frame(max(frame.opens_us, taken.closes_us), frame.closes_us),
    ]
    return [part for part in parts if part.opens_us < part.closes_us]
