"""What the command plays: a period for a file, or a run that goes on now."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from services.simulator.domain.actions import Action
from services.simulator.domain.brands import LUMIO
from services.simulator.domain.rhythm import Crisis
from services.simulator.domain.simulation import Simulation, crisis_within
from services.simulator.seeds import seeded_by
from services.simulator.sending.timetable import Timetable
from services.simulator.sizing import conversations_per_day

_SECOND_US = 1_000_000
_SECONDS_PER_DAY = 86_400
# Measured over whole days: what a conversation has, statuses included.
EVENTS_PER_CONVERSATION = 8.0


@dataclass(frozen=True, slots=True)
class Run:
    """``events`` is about how many there will be."""

    actions: Iterator[Action]
    timetable: Timetable
    events: float


def period(seed: int, from_us: int, to_us: int, rate: float, *, crisis: bool) -> Iterator[Action]:
    """Return what happens in a period, at ``rate`` events per second of an average day.

    Periods that overlap tell the same of their common part, ids included, if they have no crisis;
    one that has tells of other conversations.
    """
    size = size_of(rate)
    label = f"s{seed}p{size}"
    crises: tuple[Crisis, ...] = ()
    if crisis:
        crises = (crisis_within(from_us, to_us, LUMIO.brand_id),)
        label += f"c{crises[0].from_us:x}"
    return Simulation(seeded_by(seed), f"{label}-", size, crises).actions(from_us, to_us)


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


def size_of(rate: float) -> int:
    """Return the conversations of an average day that has ``rate`` events per second."""
    return max(1, round(rate * _SECONDS_PER_DAY / EVENTS_PER_CONVERSATION))


def _run_label(seed: int, now_us: int) -> str:
    """Tell a run from every other: what happened twice is not the same thing."""
    return f"s{seed}r{now_us:x}-"
