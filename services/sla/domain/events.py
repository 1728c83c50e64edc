"""What happens to clocks, and how a later truth corrects what was told before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

from services.sla.domain.policies import ClockName, PolicyRef

ClockEventKind = Literal[
    "policy_applied",
    "activated",
    "paused",
    "resumed",
    "fulfilled",
    "warned",
    "breached",
    "withdrawn",
]


class ClockEvent(NamedTuple):
    """One thing that happened to a clock; a tuple, so that it stays small as bytes.

    ``sign`` is −1 where an event takes back an equal one that was told before. ``withdrawn`` takes
    back a breach that was none: it carries that breach's values and sign −1 in its place, so the
    number of breaches is the sum of signs over ``breached`` and ``withdrawn``.
    """

    kind: ClockEventKind
    clock: ClockName
    # 1 at the opening; a reopening begins the next. Next responses count their own.
    cycle: int
    at_us: int
    # None while the clock stands still.
    due_at_us: int | None
    # Business time spent against the target.
    elapsed_us: int
    target_us: int
    policy: PolicyRef
    sign: int = 1


def net(events: Iterable[ClockEvent]) -> dict[ClockEvent, int]:
    """Sum the signs of equal events (written with sign +1); what cancels out is left out."""
    sums: dict[ClockEvent, int] = {}
    for event in events:
        kind: ClockEventKind = "breached" if event.kind == "withdrawn" else event.kind
        value = event._replace(kind=kind, sign=1)
        sums[value] = sums.get(value, 0) + event.sign
    return {event: total for event, total in sums.items() if total}


def corrections(told: list[ClockEvent], true: list[ClockEvent]) -> list[ClockEvent]:
    """Return what turns the events told so far into the true ones: first −1, then +1."""
    wrong, missing = Counter(told), Counter(true)
    wrong.subtract(true)
    missing.subtract(told)
    breached = {(event.clock, event.cycle) for event in true if event.kind == "breached"}
    taken_back = [
        event._replace(kind=_taken_back_kind(event, breached), sign=-1)
        for event in told
        if _take(wrong, event)
    ]
    return taken_back + [event for event in true if _take(missing, event)]


def _taken_back_kind(event: ClockEvent, breached: set[tuple[ClockName, int]]) -> ClockEventKind:
    was_none = event.kind == "breached" and (event.clock, event.cycle) not in breached
    return "withdrawn" if was_none else event.kind


def _take(counts: Counter[ClockEvent], event: ClockEvent) -> bool:
    if counts[event] <= 0:
        return False
    counts[event] -= 1
    return True
