"""What happens to clocks, and how a later truth corrects what was told before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    # Numbers the place that counts it, as the caller does; what takes it back names the same.
    told_in: int = 0


def net(events: Iterable[ClockEvent]) -> dict[ClockEvent, int]:
    """Sum the signs of equal events (written with sign +1); what cancels out is left out."""
    sums: dict[ClockEvent, int] = {}
    for event in events:
        kind: ClockEventKind = "breached" if event.kind == "withdrawn" else event.kind
        value = event._replace(kind=kind, sign=1)
        sums[value] = sums.get(value, 0) + event.sign
    return {event: total for event, total in sums.items() if total}


def content(event: ClockEvent) -> tuple[object, ...]:
    """Return all but the sign and the place."""
    return event[:-2]


def corrections(
    told: Sequence[ClockEvent], true: Sequence[ClockEvent], told_in: int = 0
) -> tuple[list[ClockEvent], list[ClockEvent]]:
    """Return what turns the events told so far into the true ones, and then all that holds.

    First what was wrong, with sign −1 and where it was told; then what is new, told here.
    """
    left: dict[tuple[object, ...], list[ClockEvent]] = {}
    for event in told:
        left.setdefault(content(event), []).append(event)
    holds: list[ClockEvent] = []
    new: list[ClockEvent] = []
    for event in true:
        known = left.get(content(event))
        if known:
            holds.append(known.pop(0))
        else:
            new.append(event._replace(told_in=told_in) if told_in else event)
            holds.append(new[-1])
    breached = {(event.clock, event.cycle) for event in true if event.kind == "breached"}
    taken_back = [
        event._replace(kind=_taken_back_kind(event, breached), sign=-1)
        for wrong in left.values()
        for event in wrong
    ]
    return taken_back + new, holds


def without(events: Iterable[ClockEvent], some: Iterable[ClockEvent]) -> list[ClockEvent]:
    """Return the events that are left when some are taken away, wherever they were told."""
    gone: dict[tuple[object, ...], int] = {}
    for event in some:
        gone[content(event)] = gone.get(content(event), 0) + 1
    left = []
    for event in events:
        key = content(event)
        if gone.get(key):
            gone[key] -= 1
        else:
            left.append(event)
    return left


def _taken_back_kind(event: ClockEvent, breached: set[tuple[ClockName, int]]) -> ClockEventKind:
    was_none = event.kind == "breached" and (event.clock, event.cycle) not in breached
    return "withdrawn" if was_none else event.kind
