"""How large the organisation must be so that a period has as many events as wanted."""

from __future__ import annotations

from collections.abc import Sequence

from services.simulator.domain.draws import Seeded
from services.simulator.domain.rhythm import DAY_US, Crisis
from services.simulator.domain.simulation import Simulation

# Enough events for an estimate within some percent; a conversation has about eight.
_SAMPLE_EVENTS = 6_000
_EVENTS_PER_CONVERSATION = 8.0
# What a period far too short for any estimate counts as.
_FEWEST_EVENTS = 1


def conversations_per_day(
    seeded: Seeded, from_us: int, to_us: int, events: float, crises: Sequence[Crisis] = ()
) -> float:
    """Return the size at which about ``events`` happen in the period: counted on a sample.

    Counted, because a short period has more beginnings than ends, and a night fewer than a day.
    """
    days = max(to_us - from_us, 1) / DAY_US
    sample = _SAMPLE_EVENTS / _EVENTS_PER_CONVERSATION / days
    found = sum(1 for _ in Simulation(seeded, "", sample, crises).actions(from_us, to_us))
    return sample * events / max(found, _FEWEST_EVENTS)
