from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from services.sla.domain.conformance import run_cases
from services.sla.domain.plain_data import DataError

SHARED = Path(os.environ.get("CARELINE_SHARED", Path(__file__).parents[4] / "shared"))
CASES = SHARED / "conformance" / "sla_cases.json"

OFFICE = {
    "time_zone": "UTC",
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}


def document(*cases: dict[str, Any]) -> dict[str, Any]:
    return {"calendars": {"office": OFFICE, "closed": {**OFFICE, "hours": {}}}, "cases": [*cases]}


@pytest.mark.skipif(not CASES.is_file(), reason=f"the shared cases are not there: {CASES}")
def test_the_shared_cases_hold() -> None:
    results = run_cases(json.loads(CASES.read_text(encoding="utf-8")))
    failed = [result for result in results if result.verdict == "failed"]
    assert not failed
    verdicts = [result.verdict for result in results]
    assert {verdict: verdicts.count(verdict) for verdict in verdicts} == {
        "ok": 43,
        "declined": 1,
        "out of scope": 4,
    }


def span(**case: Any) -> dict[str, Any]:
    return {"id": "s", "kind": "metric_span", "calendar": "office", **case}


def test_a_case_that_does_not_hold_shows_what_came_out() -> None:
    case = span(
        start="2026-03-02T16:30:00Z", target_min=60, expect={"due_at": "2026-03-02T17:30:00Z"}
    )
    (result,) = run_cases(document(case))
    assert result.verdict == "failed"
    assert result.actual == {"due_at": "2026-03-03T09:30:00Z"}


def test_a_tolerance_and_other_names_of_the_same_instant_are_allowed() -> None:
    near = span(
        start="2026-03-02T16:30:00Z",
        target_min=60,
        expect={"due_at": "2026-03-03T09:30:40Z"},
        tolerance_s=60,
    )
    opening = span(
        start="2026-03-02T16:00:00Z",
        target_min=60,
        expect={"due_at": "2026-03-03T09:00:00Z"},
        equivalent_due_at=["2026-03-02T17:00:00Z"],
    )
    assert [result.verdict for result in run_cases(document(near, opening))] == ["ok", "ok"]


def test_a_resolution_after_its_target_is_missed_whenever_one_looks() -> None:
    case = {
        "id": "p",
        "kind": "policy_status",
        "calendar": "office",
        "policy": {"resolution_min": 60},
        "events": [
            {"at": "2026-03-02T09:00:00Z", "type": "customer_message_creates_ticket"},
            {"at": "2026-03-02T15:00:00Z", "type": "resolve"},
        ],
        "now": "2026-03-02T15:00:00Z",
        "expect": {"open_breaches": [], "state": "missed"},
    }
    assert run_cases(document(case))[0].verdict == "ok"


def test_one_continuous_wait_is_missed_once_however_often_the_customer_writes() -> None:
    times = (("09:00", "customer_message_creates_ticket"), ("10:00", "agent_reply"))
    more = (("11:00", "customer_message"), ("12:00", "customer_message"))
    steps = [
        {
            "do": [
                {"at": f"2026-03-02T{time}:00Z", "type": kind} for time, kind in (*times, *more)
            ],
            "expect": {"next_response_due_at": "2026-03-02T12:00:00Z"},
        }
    ]
    case = {
        "id": "t",
        "kind": "timeline",
        "calendar": "office",
        "policy": {"next_response_min": 60},
        "steps": steps,
    }
    assert run_cases(document(case))[0].verdict == "ok"


def test_only_an_optional_case_may_be_declined() -> None:
    case = span(start="2026-03-02T16:30:00Z", target_min=60, expect={"due_at": None})
    case["calendar"] = "closed"
    refused, declined = run_cases(document(case, {**case, "optional": True}))
    assert (refused.verdict, declined.verdict) == ("failed", "declined")
    assert "calendars.closed.hours: no weekday has open hours" in refused.reason


def test_a_file_that_holds_no_cases_is_refused() -> None:
    with pytest.raises(DataError, match="cases file: 'cases' is missing"):
        run_cases({"calendars": {}})
    with pytest.raises(DataError, match="cases: expected a list"):
        run_cases({"calendars": {}, "cases": {}})


SINGS = {"do": [{"at": "2026-03-02T09:00:00Z", "type": "sings"}], "expect": {"next_due_at": None}}


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("nothing but text", "a case is a mapping"),
        ({"kind": "metric_span"}, "'id' is missing"),
        (span(kind="weather", expect={}), "unknown kind 'weather'; known are metric_span"),
        (span(calendar="night"), "no calendar 'night' in the file; it has office, closed"),
        (span(target_min=60, expect={"due_at": "x"}), "'start' is missing"),
        (span(start="Monday", expect={}), "start: 'Monday' is not an instant"),
        (span(start="2026-03-02T09:00:00Z", target_min="1h"), "'1h' is not a length of time"),
        (span(start="2026-03-02T09:00:00Z", target_min=60), "'expect' is missing"),
        (
            span(start="2026-03-02T09:00:00Z", target_min=60, expect={"mood": "good"}),
            "nothing is known of mood; known are due_at",
        ),
        (span(kind="timeline", policy={}, steps=[SINGS]), "unknown event type 'sings'"),
        (span(kind="timeline", policy={}), "steps: expected a list"),
        (span(kind="open_periods", after="2026-03-02T09:00:00Z"), "expect: 'periods' is missing"),
        (span(kind="policy_status", policy=[], events=[]), "policies[0]: expected a mapping"),
        (
            span(start="2026-03-02T09:00:00Z", pauses=[["2026-03-02T09:30:00Z"]]),
            "the case cannot be read: IndexError",
        ),
    ],
)
def test_a_broken_case_fails_by_itself_and_says_why(broken: Any, reason: str) -> None:
    sound = span(
        start="2026-03-02T10:00:00Z", target_min=60, expect={"due_at": "2026-03-02T11:00:00Z"}
    )
    first, second = run_cases(document(broken, sound))
    assert first.verdict == "failed"
    assert reason in first.reason
    assert second.verdict == "ok"
