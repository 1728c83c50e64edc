"""What a page's address asks for, and which figures that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.kernel.clock import to_iso, to_microseconds

MINUTE_US = 60_000_000
# The kpi service keeps quarter-hours for good, and whole minutes for the last hours only.
QUARTER_US = 15 * MINUTE_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_MAX_BRAND = 100


class ViewError(ValueError):
    """A page's address that cannot be shown; the message names the parameter and the remedy."""


@dataclass(frozen=True, slots=True)
class Window:
    """How far back the figures reach (None = to the beginning), and how the trend is cut."""

    name: str
    span_us: int | None
    step_us: int
    points: int


WINDOWS = {
    window.name: window
    for window in (
        Window("1h", HOUR_US, MINUTE_US, 60),
        Window("24h", DAY_US, QUARTER_US, 96),
        Window("7d", 7 * DAY_US, 2 * HOUR_US, 84),
        Window("all", None, DAY_US, 60),
    )
}


@dataclass(frozen=True, slots=True)
class Source:
    """Which question to the kpi service a view is cut from; views of one source share it."""

    window: Window
    at_us: int | None
    by_brand: bool


@dataclass(frozen=True, slots=True)
class View:
    """One wall: a window up to now, or up to the past instant ``at_us``; one brand, or all."""

    window: Window
    at_us: int | None = None
    brand: str = ""

    @property
    def source(self) -> Source:
        return Source(self.window, self.at_us, bool(self.brand))


@dataclass(frozen=True, slots=True)
class Ranges:
    """
    The question's limits, in microseconds; None = unbounded.

    The figures cover [from, to). The trend has ``points`` buckets from ``trend_from_us`` on; its
    last one is partial when it ends after the instant shown.
    """

    from_us: int | None
    to_us: int | None
    trend_from_us: int
    step_us: int
    points: int
    partial: bool


def ranges(source: Source, now_us: int) -> Ranges:
    window = source.window
    step_us = window.step_us if source.at_us is None else max(window.step_us, QUARTER_US)
    grain_us = min(step_us, QUARTER_US)
    shown_us = now_us if source.at_us is None else source.at_us
    # The bucket that holds the instant counts as a whole: it is the finest that is kept.
    end_us = _ceil(shown_us, grain_us)
    trend_end_us = _ceil(end_us, step_us)
    points = window.points if window.span_us is None else window.span_us // step_us
    return Ranges(
        from_us=None if window.span_us is None else end_us - window.span_us,
        to_us=None if source.at_us is None else end_us,
        trend_from_us=trend_end_us - points * step_us,
        step_us=step_us,
        points=points,
        partial=trend_end_us > shown_us,
    )


def parse_view(query: Mapping[str, str], now_us: int) -> View:
    """Read ``window``, ``at`` and ``brand``; raise :class:`ViewError` for what cannot be shown."""
    name = query.get("window", "") or "24h"
    if name not in WINDOWS:
        raise ViewError(f"window={name!r} is unknown: take one of {', '.join(WINDOWS)}")
    brand = query.get("brand", "").strip()
    if len(brand) > _MAX_BRAND:
        raise ViewError(f"brand has {len(brand)} characters: at most {_MAX_BRAND} are allowed")
    return View(WINDOWS[name], _parse_at(query.get("at", ""), now_us), brand)


def _parse_at(text: str, now_us: int) -> int | None:
    if not text:
        return None
    example = "write an instant with its zone, for example 2026-01-31T08:15:00Z"
    try:
        # In a query string, an unescaped + of a zone arrives as a space.
        at_us = to_microseconds(datetime.fromisoformat(text.replace(" ", "+")))
    except ValueError as error:
        raise ViewError(f"at={text!r} is no instant: {example}") from error
    if not 0 <= at_us <= now_us:
        raise ViewError(
            f"at={text!r} is not in the past (it is {to_iso(now_us)}): leave `at` out for live"
        )
    return at_us


def _ceil(at_us: int, step_us: int) -> int:
    return -(-at_us // step_us) * step_us
