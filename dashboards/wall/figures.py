"""The figures behind a view, as the feed hands them over: plain data, no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.wall.view import Ranges


@dataclass(frozen=True, slots=True)
class Definition:
    """What a KPI means. ``target`` is in ``unit``; None = nothing judges the figure."""

    kpi: str
    version: str
    unit: str
    # "up" or "down": which way is good.
    direction: str
    # How ``value`` is read: "count", "p50", …
    reading: str
    name_en: str
    name_zh: str
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the kpi service's answer. Durations are seconds; None = nothing to read."""

    count: int
    value: float | None
    p50: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """
    One answer: by KPI and brand ("" when the question was not asked by brand).

    A KPI, a brand or a bucket without facts has no entry. Trends map a bucket's start to its value.
    """

    definitions: Mapping[str, Definition]
    ranges: Ranges
    totals: Mapping[str, Mapping[str, Figure]]
    trends: Mapping[str, Mapping[str, Mapping[int, float]]]
