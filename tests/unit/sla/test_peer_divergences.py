"""Where other systems answer otherwise: what the shared file says is ours comes out here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.sla.domain.conformance import run_cases

SHARED = Path(os.environ.get("CARELINE_SHARED", Path(__file__).parents[4] / "shared"))
CASES = SHARED / "conformance" / "sla_cases.json"

pytestmark = pytest.mark.skipif(
    not CASES.is_file(), reason=f"the shared cases are not there: {CASES}"
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CASES.read_text(encoding="utf-8"))
    return found


def divergence(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["peer_divergences"] if one["id"] == name)
    return found


def verdict(document: dict[str, Any], kind: str, **case: Any) -> str:
    (result,) = run_cases(
        {"calendars": document["calendars"], "cases": [{"id": "d", "kind": kind, **case}]}
    )
    return result.verdict


def happened(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages and the resolution of a divergence's facts, in order."""
    told = [(at, "customer_message") for at in facts.get("customer", ())]
    told += [(at, "agent_reply") for at in facts.get("agent", ())]
    told.append((facts["resolved"], "resolve"))
    return [{"at": at, "type": kind} for at, kind in sorted(told)]


def test_a_late_resolution_is_missed_whoever_looked_when(document: dict[str, Any]) -> None:
    one = divergence(document, "dv01")
    facts = one["facts"]
    minutes = facts["resolution_target_min"]
    state, _, figures = one["our_result"].partition(" (elapsed ")
    elapsed, _, remaining = figures.rstrip(")").partition(", remaining ")
    assert (
        verdict(
            document,
            "metric_span",
            start=facts["created"],
            stop=facts["resolved"],
            target_min=minutes,
            expect={"elapsed_min": int(elapsed), "remaining_min": int(remaining), "breached": True},
        )
        == "ok"
    )
    created = {"at": facts["created"], "type": "customer_message_creates_ticket"}
    status = {
        "policy": {"resolution_min": minutes},
        "events": [created, *happened(facts)],
        "now": facts["resolved"],
        "expect": {"state": state, "open_breaches": []},
    }
    assert verdict(document, "policy_status", **status) == "ok"


def test_one_wait_is_one_miss(document: dict[str, Any]) -> None:
    one = divergence(document, "dv02")
    facts = one["facts"]
    policy = {
        "next_response_min": facts["next_response_target_min"],
        "resolution_min": facts["resolution_target_min"],
    }
    steps = [{"do": happened(facts), "expect": one["our_result"]}]
    assert verdict(document, "timeline", policy=policy, steps=steps) == "ok"


def test_pauses_are_exact_to_the_second(document: dict[str, Any]) -> None:
    one = divergence(document, "dv04")
    facts = one["facts"]
    span = {
        "calendar": "berlin_wd_08_20_hol20161101",
        "start": facts["start"],
        "target_min": facts["target_min"],
        "pauses": [facts["pause"]],
    }
    assert verdict(document, "metric_span", expect={"due_at": one["our_result"]}, **span) == "ok"
    for other in one["peer_result"]:
        expect = {"due_at": other.partition(" ")[0]}
        assert verdict(document, "metric_span", expect=expect, **span) == "failed"


def test_closing_time_and_the_next_opening_are_one_instant(document: dict[str, Any]) -> None:
    assert "treat both as equal" in divergence(document, "dv05")["our_result"]
    for due_at in ("2024-01-19T17:00:00Z", "2024-01-22T09:00:00Z"):
        span = {"start": "2024-01-19T13:30:00Z", "target_min": 210, "expect": {"due_at": due_at}}
        assert verdict(document, "metric_span", calendar="utc_wd_09_17", **span) == "ok"


def test_a_periodic_update_is_not_a_next_response(document: dict[str, Any]) -> None:
    assert "two separate metrics" in divergence(document, "dv07")["our_result"]
    step = {
        "do": [
            {"at": "2024-01-16T09:00:00Z", "type": "customer_message_creates_ticket"},
            {"at": "2024-01-16T09:20:00Z", "type": "agent_reply"},
        ],
        "expect": {
            "next_response_due_at": None,
            "periodic_update_due_at": "2024-01-16T10:50:00Z",
        },
    }
    policy = {"next_response_min": 45, "periodic_update_min": 90}
    assert verdict(document, "timeline", policy=policy, steps=[step]) == "ok"
