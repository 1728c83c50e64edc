from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest

from services.simulator.domain.actions import Action
from services.simulator.domain.rhythm import DAY_US, Crisis
from services.simulator.domain.simulation import Simulation, crisis_within
from services.simulator.seeds import seeded_by

# 2026-03-03, a Tuesday, in Greenwich.
TUESDAY_US = 20_515 * DAY_US
PER_DAY = 4_000.0

Conversations = dict[str, list[Action]]


def play(per_day: float, crises: Sequence[Crisis] = ()) -> list[Action]:
    simulation = Simulation(seeded_by(7), "t-", per_day, crises)
    return list(simulation.actions(TUESDAY_US, TUESDAY_US + DAY_US))


def by_conversation(actions: Sequence[Action]) -> Conversations:
    found: Conversations = defaultdict(list)
    for action in actions:
        found[action.conversation_id].append(action)
    return found


@pytest.fixture(scope="session")
def day() -> list[Action]:
    """A Tuesday without a crisis."""
    return play(PER_DAY)


@pytest.fixture(scope="session")
def conversations(day: list[Action]) -> Conversations:
    return by_conversation(day)


@pytest.fixture(scope="session")
def crisis() -> Crisis:
    return crisis_within(TUESDAY_US, TUESDAY_US + DAY_US, "lumio")


@pytest.fixture(scope="session")
def conversations_with_crisis(crisis: Crisis) -> Conversations:
    return by_conversation(play(PER_DAY, (crisis,)))
