"""Who answers, and how long the queue is: agents on shifts against the work that comes in.

The queue is worked out from expected arrivals, not from the ones that were drawn: so an instant has
one queue, whatever period it is asked for in, and a period can be cut anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from services.simulator.domain.actions import Language
from services.simulator.domain.draws import Draws, Seeded
from services.simulator.domain.names import draw_name
from services.simulator.domain.rhythm import (
    DAY_US,
    HOUR_US,
    HOUR_WEIGHTS,
    LANGUAGES,
    MINUTE_US,
    Crisis,
    arrivals_per_minute,
    local_minutes,
    weekday,
)

# An agent's minutes for one conversation, with several under way side by side.
WORK_MINUTES = 6.0
_PEAK_UTILISATION = 0.90
# Behind this wait agents stay longer and team leads help out.
_OVERTIME_FROM_MINUTES = 15.0
_OVERTIME = 1.3
_STEP_MINUTES = 5
_STEPS_PER_DAY = 24 * 60 // _STEP_MINUTES
_WORKING_DAYS = 5
_DAYS = 7


@dataclass(frozen=True, slots=True)
class Shift:
    """Local hours, and how many of all agents work it."""

    from_hour: int
    to_hour: int
    share: float

    def covers(self, minutes: int) -> bool:
        start, end = self.from_hour * 60, self.to_hour * 60
        if start < end:
            return start <= minutes < end
        return minutes >= start or minutes < end


SHIFTS: Sequence[Shift] = (
    Shift(6, 14, 0.24),
    Shift(9, 17, 0.20),
    Shift(14, 22, 0.26),
    Shift(17, 23, 0.20),
    Shift(22, 6, 0.10),
)


@dataclass(frozen=True, slots=True)
class Agent:
    agent_id: str
    name: str
    number: int
    shift: Shift
    language: Language

    def works_at(self, at_us: int) -> bool:
        # The night shift belongs to the day on which it begins.
        day = weekday(at_us - 6 * HOUR_US, self.language)
        is_working_day = (self.number + day) % _DAYS < _WORKING_DAYS
        return is_working_day and self.shift.covers(local_minutes(at_us, self.language))


class Team:
    """The agents of one language, and their queue."""

    def __init__(
        self, seeded: Seeded, language: Language, per_day: float, crises: Sequence[Crisis]
    ) -> None:
        self._language: Language = language
        self._per_day = per_day
        self._crises = crises
        self.agents = _roster(seeded, language, per_day)
        self._waits: dict[int, list[float]] = {}
        self._on_shift: dict[int, Sequence[Agent]] = {}

    def on_shift(self, at_us: int) -> Sequence[Agent]:
        """Return who works at an instant; somebody always does."""
        hour = at_us // HOUR_US
        working = self._on_shift.get(hour)
        if working is None:
            # Shifts begin and end at full hours.
            found = [agent for agent in self.agents if agent.works_at(at_us)]
            working = self._on_shift[hour] = found or self.agents[-1:]
        return working

    def wait_minutes(self, at_us: int) -> float:
        """Return how long a message that comes now waits until its turn."""
        day, rest_us = divmod(at_us, DAY_US)
        waits = self._waits.get(day)
        if waits is None:
            waits = self._waits[day] = self._queue_of(day)
        return waits[rest_us // (_STEP_MINUTES * MINUTE_US)]

    def _queue_of(self, day: int) -> list[float]:
        """Return the wait at each step of a day, beginning a day earlier with no queue."""
        waits = []
        work = 0.0
        for step in range(2 * _STEPS_PER_DAY):
            at_us = (day - 1) * DAY_US + step * _STEP_MINUTES * MINUTE_US
            capacity = self._capacity(at_us)
            wait = work / capacity
            waits.append(wait)
            if wait > _OVERTIME_FROM_MINUTES:
                capacity *= _OVERTIME
            coming = self._arrivals_per_minute(at_us) * WORK_MINUTES
            work = max(0.0, work + (coming - capacity) * _STEP_MINUTES)
        return waits[_STEPS_PER_DAY:]

    def _arrivals_per_minute(self, at_us: int) -> float:
        usual = arrivals_per_minute(at_us, self._language, self._per_day)
        return usual + sum(
            crisis.arrivals_per_minute(at_us, self._language, self._per_day)
            for crisis in self._crises
        )

    def _capacity(self, at_us: int) -> float:
        """Return how many agents work, as planned: absences are left out."""
        minutes = local_minutes(at_us, self._language)
        share = sum(shift.share for shift in SHIFTS if shift.covers(minutes))
        return share * _agents_needed(self._language, self._per_day)


def _agents_needed(language: Language, per_day: float) -> float:
    """Return how many agents a day needs so that the evening's peak is just served."""
    evening = sum(shift.share for shift in SHIFTS if shift.covers(20 * 60))
    mean_per_minute = per_day * dict(LANGUAGES)[language] / (24 * 60)
    peak_per_minute = mean_per_minute * max(HOUR_WEIGHTS) * len(HOUR_WEIGHTS) / sum(HOUR_WEIGHTS)
    return max(peak_per_minute * WORK_MINUTES / _PEAK_UTILISATION / evening, 0.01)


def _roster(seeded: Seeded, language: Language, per_day: float) -> Sequence[Agent]:
    agents: list[Agent] = []
    size = _agents_needed(language, per_day) * _DAYS / _WORKING_DAYS
    for shift in SHIFTS:
        for _ in range(ceil(size * shift.share)):
            number = len(agents)
            name = draw_name(Draws(seeded(f"agent/{language}/{number}")), language)
            called = name.called if language == "en" else f"小{name.called[-1]}"
            agents.append(Agent(f"agent-{language}-{number + 1}", called, number, shift, language))
    return agents
