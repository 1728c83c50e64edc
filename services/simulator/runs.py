"""What the command plays: a period for a file, or a run that goes on now."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.simulator.domain.actions import Action
from services.simulator.domain.brands import LUMIO
from services.simulator.domain.rhythm import DAY_US, Crisis
from services.simulator.domain.simulation import Simulation, crisis_of_day, crisis_within
from services.simulator.seeds import seeded_by
from services.simulator.sending.timetable import Timetable
from services.simulator.sizing import conversations_per_day

_SECOND_US = 1_000_000
_HOUR_SECONDS = 3_600.0
_SECONDS_PER_DAY = 86_400
# Measured over whole days: what a conversation has, statuses included.
EVENTS_PER_CONVERSATION = 8.0
# How far ahead a run without an end knows its crises.
_CRISIS_DAYS = 14
_CENTURY_US = 36_525 * DAY_US


@dataclass(frozen=True, slots=True)
class Run:
    """``events`` is about how many there will be; infinite for a run without an end."""

    actions: Iterator[Action]
    timetable: Timetable
    events: float


def period(seed: int, from_us: int, to_us: int, rate: float, *, crisis: bool) -> Iterator[Action]:
    """Return what happens in a period, at ``rate`` events per second of an average day.

    Periods that overlap tell the same of their common part, ids included, if they have no crisis;
    one that has tells of other conversations.
    """
    if not crisis:
        return _simulation(seed, "", rate, ()).actions(from_us, to_us)
    one = crisis_within(from_us, to_us, LUMIO.brand_id)
    return _simulation(seed, f"c{one.from_us:x}", rate, (one,)).actions(from_us, to_us)


def calendar_period(seed: int, from_us: int, to_us: int, rate: float) -> Iterator[Action]:
    """Return what happens in a period whose crises stand in the calendar, one for each day.

    Whatever periods are asked for, they tell the same of their common part.
    """
    crises = _calendar(seed, from_us // DAY_US, to_us // DAY_US + 1)
    return _simulation(seed, "d", rate, crises).actions(from_us, to_us)


def live_run(
    seed: int, now_us: int, seconds: float, *, rate: float, speed: float, crisis: bool
) -> Run:
    """Return a run of ``seconds`` from now on, with ``rate`` events per second on the average.

    At infinite speed the model's time is the real one, and the period ends now.
    """
    model_us = int(seconds * (1.0 if math.isinf(speed) else speed) * _SECOND_US)
    from_us = now_us - model_us if math.isinf(speed) else now_us
    to_us = from_us + model_us
    crises = (crisis_within(from_us, to_us, LUMIO.brand_id),) if crisis else ()
    seeded = seeded_by(seed)
    per_day = conversations_per_day(seeded, from_us, to_us, rate * seconds, crises)
    simulation = Simulation(seeded, _run_label(seed, now_us), per_day, crises)
    return Run(
        simulation.actions(from_us, to_us), Timetable(from_us, now_us, speed), rate * seconds
    )


def endless_run(seed: int, now_us: int, rate: float) -> Run:
    """Return a run in real time, sized so that its first hour has ``rate`` events per second."""
    seeded = seeded_by(seed)
    today = now_us // DAY_US
    crises = _calendar(seed, today, today + _CRISIS_DAYS)
    hour_later_us = now_us + int(_HOUR_SECONDS * _SECOND_US)
    per_day = conversations_per_day(seeded, now_us, hour_later_us, rate * _HOUR_SECONDS, crises)
    simulation = Simulation(seeded, _run_label(seed, now_us), per_day, crises)
    return Run(
        simulation.actions(now_us, now_us + _CENTURY_US),
        Timetable(now_us, now_us, 1.0),
        math.inf,
    )


def _calendar(seed: int, first_day: int, end: int) -> tuple[Crisis, ...]:
    """Return the crises of days counted from the epoch; the day before them left its queue."""
    seeded = seeded_by(seed)
    return tuple(crisis_of_day(seeded, day, LUMIO.brand_id) for day in range(first_day - 1, end))


def _simulation(seed: int, variant: str, rate: float, crises: Sequence[Crisis]) -> Simulation:
    """Return the simulation; what makes it differ from others stands in its ids."""
    per_day = round(rate * _SECONDS_PER_DAY / EVENTS_PER_CONVERSATION)
    return Simulation(seeded_by(seed), f"s{seed}p{per_day}{variant}-", per_day, crises)


def _run_label(seed: int, now_us: int) -> str:
    """Tell a run from every other: what happened twice is not the same thing."""
    return f"s{seed}r{now_us:x}-"
