from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from services.gateway.importing.errors import ImportFailedError
from services.gateway.importing.progress import ImportProgress
from services.gateway.importing.visibility import (
    Patience,
    RunSeen,
    wait_until_visible,
)


@dataclass
class View:
    """Shows one state after the other, then the last for ever."""

    name: str
    states: list[RunSeen]

    def look(self, run_id: str) -> RunSeen:
        assert run_id == "run"
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


@dataclass
class Lanes:
    states: list[Mapping[str, tuple[int, int]]]

    def behind(self) -> Mapping[str, tuple[int, int]]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


@dataclass
class FakeTime:
    now: float = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Waiting:
    time: FakeTime = field(default_factory=FakeTime)
    told: list[ImportProgress] = field(default_factory=list)

    def __call__(self, kpi: View, indexer: View, lanes: Lanes) -> list[RunSeen]:
        patience = Patience(1.0, 10.0, lambda: self.time.now, self.time.pause)
        return wait_until_visible(
            "run", 4, (kpi, indexer), lanes, progress=self.told.append, patience=patience
        )


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def seen(*partitions: int, accepted: int = 0, trouble: str = "") -> RunSeen:
    return RunSeen(frozenset(partitions), accepted, 0, trouble)


IDLE: list[Mapping[str, tuple[int, int]]] = [{}]


def test_it_ends_when_all_partitions_are_done_in_both(waiting: Waiting) -> None:
    kpi = View("kpi", [seen(), seen(0, 1), seen(0, 1, 2, 3, accepted=9)])
    indexer = View("indexer", [seen(), seen(), seen(0), seen(0, 1, 2, 3)])
    first, _ = waiting(kpi, indexer, Lanes(list(IDLE)))
    assert first.accepted == 9
    assert [one.done for one in waiting.told] == [0, 2, 5, 8]
    assert {one.total for one in waiting.told} == {8}


def test_who_is_behind_is_named_when_nothing_moves(waiting: Waiting) -> None:
    done = seen(0, 1, 2, 3)
    lanes = Lanes([{"indexer.index": (700, 100)}])
    with pytest.raises(ImportFailedError) as caught:
        waiting(View("kpi", [done]), View("indexer", [seen(2)]), lanes)
    reason = str(caught.value)
    assert "indexer has finished 1 of 4 partitions" in reason
    assert "kpi has" not in reason
    assert "indexer.index 700 records behind" in reason
    assert 10 < waiting.time.now < 13


def test_a_service_that_does_not_answer_is_named_with_its_answer(waiting: Waiting) -> None:
    silent = View("kpi", [seen(trouble="its gRPC answers UNAVAILABLE: refused")])
    with pytest.raises(ImportFailedError, match=r"kpi has finished 0 of 4 partitions \(its gRPC"):
        waiting(silent, View("indexer", [seen(0, 1, 2, 3)]), Lanes(list(IDLE)))


def test_lanes_that_still_work_are_waited_for(waiting: Waiting) -> None:
    working = [{"sla.clock": (5_000 - n, n)} for n in range(100)]
    kpi = View("kpi", [seen()] * 100 + [seen(0, 1, 2, 3)])
    waiting(kpi, View("indexer", [seen(0, 1, 2, 3)]), Lanes([*working, {}]))
    assert waiting.time.now >= 99
