"""Waits until what a run brought can be read: in the KPIs and in the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.gateway.importing.errors import ImportFailedError
from services.gateway.importing.progress import ImportProgress, ProgressCallback


@dataclass(frozen=True, slots=True)
class RunSeen:
    """What one reader's side knows of a run; ``trouble`` when it does not answer."""

    partitions_done: frozenset[int] = frozenset()
    accepted: int = 0
    duplicates: int = 0
    trouble: str = ""


class RunView(Protocol):
    """Where a run's effects are read."""

    @property
    def name(self) -> str:
        """Return the name of the service behind it."""
        ...

    def look(self, run_id: str) -> RunSeen: ...


class LanePositions(Protocol):
    """How far the lanes have come; moving positions mean that somebody still works."""

    def behind(self) -> Mapping[str, tuple[int, int]]:
        """Return lane → (records still to take, records taken), of the lanes that lag."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to look, and how long nothing may move. A test brings its own clock."""

    every_seconds: float = 0.5
    without_progress_seconds: float = 120.0
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Watch:
    """Notices when nothing has changed for too long."""

    patience: Patience
    state: object = None
    since: float = field(default=0.0)

    def stalled(self, state: object) -> bool:
        now = self.patience.monotonic()
        if state != self.state:
            self.state, self.since = state, now
        return now - self.since > self.patience.without_progress_seconds


def wait_until_visible(
    run_id: str,
    partitions: int,
    views: Sequence[RunView],
    lanes: LanePositions,
    *,
    progress: ProgressCallback,
    patience: Patience | None = None,
) -> list[RunSeen]:
    """Return what each view saw once all partitions are done in all of them.

    Raise ``ImportFailedError`` that names who is behind when nothing moves any more.
    """
    patience = patience or Patience()
    watch = _Watch(patience)
    while True:
        seen = [view.look(run_id) for view in views]
        done = sum(len(one.partitions_done) for one in seen)
        if all(len(one.partitions_done) >= partitions for one in seen):
            progress(ImportProgress("wait", done, partitions * len(views)))
            return seen
        behind = lanes.behind()
        progress(ImportProgress("wait", done, partitions * len(views), _lag(behind)))
        if watch.stalled(([one.partitions_done for one in seen], dict(behind))):
            raise ImportFailedError(
                _who_is_behind(
                    views,
                    seen,
                    behind,
                    partitions=partitions,
                    seconds=patience.without_progress_seconds,
                )
            )
        patience.pause(patience.every_seconds)


def _lag(behind: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{lane} {lag} records behind" for lane, (lag, _) in behind.items())


def _who_is_behind(
    views: Sequence[RunView],
    seen: Sequence[RunSeen],
    behind: Mapping[str, tuple[int, int]],
    *,
    partitions: int,
    seconds: float,
) -> str:
    late = [
        f"{view.name} has finished {len(one.partitions_done)} of {partitions} partitions"
        + (f" ({one.trouble})" if one.trouble else "")
        for view, one in zip(views, seen, strict=True)
        if len(one.partitions_done) < partitions
    ]
    lag = _lag(behind) or "no lane lags"
    return (
        f"everything is published, but nothing has moved for {seconds:.0f} s: {'; '.join(late)}; "
        f"{lag}. Look at `careline status` and the log of the first of these; the events are in "
        "Kafka and will be worked off"
    )
