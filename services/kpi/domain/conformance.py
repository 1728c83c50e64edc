"""
Cases that ask about a report: figures by day, and how times spread over ranges.

They go the way of every fact: folded into cells, and asked for as anybody would.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.kpi.domain import instants, measures
from services.kpi.domain.cells import LIVE
from services.kpi.domain.fold import Fact, Fold
from services.kpi.domain.index import Index
from services.kpi.domain.query import Request, run

Case = Mapping[str, Any]
Expected = dict[str, Any]

_DAY_US: Final = 86_400 * instants.SECOND_US
# Any day will do for "day_0"; it is far enough from the epoch for all that lie before it.
_DAY_0_US: Final = instants.from_text("2026-01-31T00:00:00Z")
_BEFORE: Final = "day_minus_"
_KPIS: Final = {"conversations": "conversations", "incoming": "contacts", "outgoing": "replies"}


class ReportCaseError(ValueError):
    """A case that does not say what it must; the message names the place."""


def actual(case: Case) -> Expected:
    """Return what comes out of a case, by the keys of its ``expect``."""
    try:
        return KINDS[case["kind"]](case)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportCaseError(f"case {case.get('id')}: {error!r} is missing or odd") from error


def _histogram(case: Case) -> Expected:
    """Count values by range; a range holds its lower end and not its upper one."""
    counts = [0] * len(case["buckets"])
    for value in case["values_s"]:
        for number, (low, high) in enumerate(case["buckets"]):
            if low <= value and (high is None or value < high):
                counts[number] += 1
    return {"counts": counts}


def _aggregate(case: Case) -> Expected:
    fold, index = Fold(1, 0), Index(1)
    days = {name: _day_us(name) for name in case["input"]}
    for name, told in case["input"].items():
        fold.add(("case", "", "", LIVE), _facts(days[name], told))
    for key, value in fold.close():
        index.apply(key, value)
    found = {name: _figures(index, at_us, at_us + _DAY_US) for name, at_us in days.items()}
    first_us, last_us = min(days.values()), max(days.values()) + _DAY_US
    means = {
        f"{name}_avg_s": _mean_s(index, days[name])
        for name, told in case["input"].items()
        if "first_response_s" in told
    }
    return found | {"summary": _figures(index, first_us, last_us)} | means


def _day_us(name: str) -> int:
    before = name.removeprefix(_BEFORE) if name.startswith(_BEFORE) else "0"
    return _DAY_0_US - int(before) * _DAY_US


def _facts(day_us: int, told: Mapping[str, int]) -> list[Fact]:
    facts: list[Fact] = []
    conversations = told["tickets"] if "tickets" in told else told["conversations"]
    for number in range(conversations):
        # Evenly spread, so that a day holds as many as are told.
        at_us = day_us + number * _DAY_US // (conversations + 1)
        facts.append((measures.CONVERSATION, at_us, None, 1))
        facts += [(measures.CONTACT, at_us, None, 1)] * told.get("incoming_each", 0)
        facts += [(measures.REPLY, at_us, None, 1)] * told.get("outgoing_each", 0)
        if "first_response_s" in told:
            spent_us = told["first_response_s"] * instants.SECOND_US
            facts.append((measures.FIRST_RESPONSE, at_us, spent_us, 1))
    return facts


def _mean_s(index: Index, day_us: int) -> float | None:
    """Return the mean first response of a day, by when it was given."""
    answer = run(index, Request(("first_response_time",), day_us, day_us + _DAY_US))
    (row,) = answer["kpis"]["first_response_time"]["rows"]
    return row["mean"]


def _figures(index: Index, from_us: int, to_us: int) -> dict[str, int]:
    answer = run(index, Request(tuple(_KPIS.values()), from_us, to_us))
    return {
        name: sum(row["count"] for row in answer["kpis"][kpi]["rows"])
        for name, kpi in _KPIS.items()
    }


KINDS: Final[Mapping[str, Callable[[Case], Expected]]] = {
    "histogram": _histogram,
    "aggregate": _aggregate,
}
