"""A feed without a kpi service: a test, or a screenshot, sets what it says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate, pairwise

from dashboards.wall.feed import State
from dashboards.wall.figures import Definition, Figure, Figures
from dashboards.wall.view import View, ranges
from services.kernel.clock import Clock

DEFINITIONS = {
    definition.kpi: definition
    for definition in (
        Definition("contacts", "1", "messages", "down", "count", "Contacts", "客户来信量"),
        Definition("replies", "1", "messages", "up", "count", "Replies", "客服回复量"),
        Definition(
            "conversations", "1", "conversations", "down", "count", "Conversations", "新会话量"
        ),
        Definition(
            "first_response_time",
            "1",
            "seconds",
            "down",
            "p50",
            "First response time",
            "首次响应时间",
        ),
        Definition(
            "first_response_breaches",
            "1",
            "breaches",
            "down",
            "count",
            "First response breaches",
            "首响超时数",
            target=0.0,
        ),
        Definition(
            "negative_contacts", "1", "messages", "down", "count", "Negative contacts", "负面来信量"
        ),
    )
}

TOTALS = {
    "contacts": Figure(2_846, 2_846.0),
    "replies": Figure(2_187, 2_187.0),
    "conversations": Figure(1_512, 1_512.0),
    "first_response_time": Figure(1_344, 745.2, p50=745.2, p90=23_220.0),
    "first_response_breaches": Figure(64, 64.0),
    "negative_contacts": Figure(418, 418.0),
}


class FakeFeed:
    """Says the same of every view, cut to its window; change it through its attributes."""

    def __init__(self, clock: Clock, totals: Mapping[str, Figure] = TOTALS) -> None:
        self._clock = clock
        self.definitions: Mapping[str, Definition] = DEFINITIONS
        self.totals = dict(totals)
        self.watermark_us = clock.now_us()
        self.contact_us: int | None = clock.now_us()
        self._rendered: dict[View, Figures] = {}

    def say(self, kpi: str, value: float) -> None:
        self.totals[kpi] = replace(self.totals[kpi], count=round(value), value=value)
        self.speak()

    def speak(self) -> None:
        """Give a sign of life now."""
        self.watermark_us = self._clock.now_us()
        self.contact_us = self._clock.now_us()

    def read(self, view: View) -> State:
        figures = self._figures(view)
        if self._rendered.get(view) != figures:
            self._rendered[view] = figures
        return State(self._rendered[view], self.watermark_us, self.contact_us)

    def _figures(self, view: View) -> Figures:
        limits = ranges(view.source, self._clock.now_us())
        return Figures(
            definitions=self.definitions,
            ranges=limits,
            totals={kpi: {view.brand: figure} for kpi, figure in self.totals.items()},
            trends={
                kpi: {
                    view.brand: {
                        limits.trend_from_us + index * limits.step_us: value
                        for index, value in enumerate(_wave(order, limits.points, figure))
                    }
                }
                for order, (kpi, figure) in enumerate(self.totals.items())
            },
        )


def _wave(order: int, points: int, figure: Figure) -> list[float]:
    """Draw a support day: quiet at night, two peaks, and a ripple that differs by tile."""
    shape = []
    for index in range(points):
        day = 2 * math.pi * index / points
        swell = 1.2 - math.cos(day) + 0.45 * math.sin(2 * day + order)
        fast = 0.22 * math.sin(index * (1.7 + order))
        slow = 0.15 * math.sin(index * 0.61 * (order + 1))
        shape.append(max(0.0, swell + fast + slow))
    total = figure.value or 0.0
    if figure.p50 is not None:
        return [total * (0.4 + level / 2) for level in shape]
    if total < points:
        # Few facts come in bursts.
        shape = [level**4 for level in shape]
    reached = list(accumulate(shape, initial=0.0))
    marks = [round(total * mark / reached[-1]) for mark in reached]
    return [float(after - before) for before, after in pairwise(marks)]
