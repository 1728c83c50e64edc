from __future__ import annotations

from heapq import merge
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.simulator.domain.actions import Action
from services.simulator.domain.rhythm import DAY_US, HOUR_US, MINUTE_US
from services.simulator.domain.simulation import Simulation
from services.simulator.recording import write_period
from services.simulator.runs import live_run, period
from services.simulator.seeds import seeded_by
from services.simulator.sizing import conversations_per_day

FROM_US = 20_515 * DAY_US + 11 * HOUR_US
TO_US = FROM_US + 2 * HOUR_US


def actions(seed: int, from_us: int = FROM_US, to_us: int = TO_US) -> list[Action]:
    return list(Simulation(seeded_by(seed), "t-", 1_000).actions(from_us, to_us))


@pytest.mark.parametrize("crisis", [True, False])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, *, crisis: bool) -> None:
    files = [tmp_path / name for name in ("first", "second", "of another seed")]
    for file, seed in zip(files, (7, 7, 8), strict=True):
        assert write_period(file, period(seed, FROM_US, TO_US, 0.05, crisis=crisis)) > 100

    first, second, other = (file.read_bytes() for file in files)
    assert first == second
    assert first != other


@settings(max_examples=8, deadline=None)
@given(cut_us=st.integers(FROM_US, TO_US))
def test_a_period_can_be_cut_anywhere(cut_us: int) -> None:
    whole = actions(7)
    after = actions(7, cut_us)
    began_later = {action.conversation_id for action in after}
    before = [action for action in whole if action.conversation_id not in began_later]

    assert all(a.at_us < cut_us for a in actions(7, FROM_US, cut_us))
    assert list(merge(before, after, key=lambda a: (a.at_us, a.action_id))) == whole


@pytest.mark.parametrize("minutes", [10, 24 * 60])
def test_a_period_has_about_as_many_events_as_wanted(minutes: int) -> None:
    to_us = FROM_US + minutes * MINUTE_US
    per_day = conversations_per_day(seeded_by(7), FROM_US, to_us, 3_000)

    found = sum(1 for _ in Simulation(seeded_by(8), "t-", per_day).actions(FROM_US, to_us))

    assert 2_400 < found < 3_600


def test_two_live_runs_have_no_id_in_common() -> None:
    runs = [
        live_run(7, now_us, 60, rate=5, speed=60, crisis=False) for now_us in (FROM_US, FROM_US + 1)
    ]
    first, second = ({action.action_id for action in run.actions} for run in runs)

    assert len(first) > 200
    assert not first & second


def test_a_live_run_begins_now_and_one_at_infinite_speed_ends_now() -> None:
    paced = live_run(7, FROM_US, 60, rate=5, speed=60, crisis=True)
    times = [paced.timetable.at_us(action.at_us) for action in paced.actions]
    assert FROM_US <= times[0] < times[-1] < FROM_US + MINUTE_US

    at_once = live_run(7, FROM_US, 600, rate=5, speed=float("inf"), crisis=True)
    times = [at_once.timetable.at_us(action.at_us) for action in at_once.actions]
    assert FROM_US - 10 * MINUTE_US <= times[0] < times[-1] < FROM_US
