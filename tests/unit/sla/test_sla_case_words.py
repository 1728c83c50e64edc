"""What a case of promises may say, and what comes out."""

from __future__ import annotations

from typing import Any

import pytest

from services.sla.domain.conformance import CaseResult, run_cases

EAST = {
    "time_zone": "Asia/Tokyo",
    "hours": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
SOUTH = {**EAST, "time_zone": "Europe/Athens"}
WHOLE_DAYS = {
    "time_zone": "Asia/Tokyo",
    "hours": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed")},
}
MONDAY = "2026-05-11T"


def ran(**case: Any) -> CaseResult:
    calendars = {"east": EAST, "south": SOUTH, "days": WHOLE_DAYS}
    (result,) = run_cases({"calendars": calendars, "cases": [{"id": "c", **case}]})
    return result


def story(policy: dict[str, Any], *told: tuple[str, ...], **expect: Any) -> CaseResult:
    events = [
        {"at": f"{MONDAY}{time}:00Z", "type": kind, **({"to": to[0]} if to else {})}
        for time, kind, *to in told
    ]
    return ran(kind="timeline", policy=policy, steps=[{"do": events, "expect": expect}])


ASKED = ("06:00", "customer_message_creates_ticket")


def test_each_calendar_counts_while_it_holds() -> None:
    span: dict[str, Any] = {"kind": "metric_span", "start": f"{MONDAY}05:00:00Z"}
    moved = [
        {"calendar": "east", "from": f"{MONDAY}00:00:00Z"},
        {"calendar": "south", "from": f"{MONDAY}08:00:00Z"},
    ]
    spent = ran(calendars=moved, stop=f"{MONDAY}10:00:00Z", expect={"elapsed_min": 300}, **span)
    assert spent.verdict == "ok"
    # Tokyo closes at 09:00Z, Athens at 15:00Z.
    due = ran(calendars=moved, target_h=9, expect={"due_at": f"{MONDAY}14:00:00Z"}, **span)
    assert due.verdict == "ok"


def test_pauses_may_overlap_and_one_without_an_end_leaves_nothing_due() -> None:
    span: dict[str, Any] = {"kind": "metric_span", "start": f"{MONDAY}01:00:00Z", "target_h": 2}
    pauses: list[list[str | None]] = [
        [f"{MONDAY}02:00:00Z", f"{MONDAY}03:00:00Z"],
        [f"{MONDAY}02:30:00Z", f"{MONDAY}03:30:00Z"],
    ]
    assert ran(pauses=pauses, expect={"due_at": f"{MONDAY}04:30:00Z"}, **span).verdict == "ok"
    pauses.append([f"{MONDAY}04:00:00Z", None])
    assert ran(pauses=pauses, expect={"due_at": None}, **span).verdict == "ok"


@pytest.mark.parametrize("minutes", [None, 0])
def test_where_nothing_is_promised_nothing_is_due(minutes: int | None) -> None:
    start = f"{MONDAY}06:00:00Z"
    span = ran(kind="metric_span", start=start, target_min=minutes, expect={"due_at": None})
    assert span.verdict == "ok"
    policy = {"first_response_min": minutes, "resolution_min": 30}
    due = {"first_response_due_at": None, "next_due_at": f"{MONDAY}06:30:00Z"}
    assert story(policy, ASKED, **due).verdict == "ok"


def test_whole_minutes_may_be_cut_down() -> None:
    span: dict[str, Any] = {
        "kind": "metric_span",
        "start": f"{MONDAY}01:00:00Z",
        "stop": f"{MONDAY}01:07:50Z",
        "target_min": 10,
    }
    assert ran(expect={"elapsed_min": 7, "remaining_min": 3}, **span).verdict == "ok"
    assert ran(expect={"elapsed_min": 8}, **span).verdict == "failed"
    assert ran(expect={"elapsed_min": 7.0}, **span).verdict == "failed"
    assert ran(expect={"elapsed_s": 470}, **span).verdict == "ok"


def test_open_days_in_a_row_may_be_told_by_day() -> None:
    monday, tuesday = (
        ["2026-05-10T15:00:00Z", "2026-05-11T15:00:00Z"],
        [
            "2026-05-11T15:00:00Z",
            "2026-05-12T15:00:00Z",
        ],
    )
    after: dict[str, Any] = {"kind": "open_periods", "calendar": "days"}
    told = ran(after=monday[0], expect={"periods": [monday, tuesday]}, **after)
    assert told.verdict == "ok"
    late = ran(after="2026-05-10T12:00:00Z", expect={"periods": [tuesday]}, **after)
    assert late.verdict == "failed"
    early = ["2026-05-11T15:00:00Z", "2026-05-12T11:00:00Z"]
    assert ran(after=monday[0], expect={"periods": [monday, early]}, **after).verdict == "failed"


def test_open_periods_are_told_backwards_too() -> None:
    friday, thursday = (
        [f"2026-05-{day:02}T00:00:00Z", f"2026-05-{day:02}T09:00:00Z"] for day in (8, 7)
    )
    before = ran(
        kind="open_periods",
        calendar="east",
        before="2026-05-10T00:00:00Z",
        expect={"periods": [friday, thursday]},
    )
    assert before.verdict == "ok"


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-05-11T24:00", "2026-05-11T21:00:00Z"),
        ("2026-03-29T03:15", "2026-03-29T01:15:00Z"),
        ("2026-10-25T03:15:20", "2026-10-25T00:15:20Z"),
    ],
)
def test_a_local_time_is_one_instant(local: str, utc: str) -> None:
    told = ran(kind="local_to_utc", time_zone="Europe/Athens", local=local, expect={"utc": utc})
    assert told.verdict == "ok"


def test_any_state_that_the_policy_names_pauses() -> None:
    told = story(
        {"resolution_min": 60, "pausing_states": ["Awaiting Parts"]},
        ASKED,
        ("06:10", "state", "awaiting-parts"),
        ("06:40", "state", "In Progress"),
        resolution_due_at=f"{MONDAY}07:30:00Z",
        state="active",
    )
    assert told.verdict == "ok"


def test_what_is_told_of_one_instant_keeps_its_order() -> None:
    policy = {"next_response_min": 30}
    reply, question = ("06:20", "agent_reply"), ("06:20", "customer_message")
    due = f"{MONDAY}06:50:00Z"
    assert story(policy, ASKED, reply, question, next_response_due_at=due).verdict == "ok"
    assert story(policy, ASKED, question, reply, next_response_due_at=None).verdict == "ok"


def test_bots_and_notes_answer_nobody_and_a_hand_over_starts_the_clock() -> None:
    told = story(
        {"first_response_min": 15},
        ASKED,
        ("06:01", "bot_reply"),
        ("09:00", "bot_handover"),
        ("09:05", "private_note"),
        ("09:12", "agent_reply"),
        first_response_elapsed_min=12,
    )
    assert told.verdict == "ok"


def test_a_priority_that_no_policy_is_for_ends_the_promise() -> None:
    policy = {"first_response_min": 15, "when": {"priority": ["urgent"]}}
    asked = (*ASKED, "urgent")
    urgent = ("06:00", "priority", "urgent")
    due = f"{MONDAY}06:15:00Z"
    assert story(policy, asked, urgent, first_response_due_at=due).verdict == "ok"
    low = ("06:05", "priority", "low")
    assert story(policy, asked, urgent, low, next_due_at=None).verdict == "ok"


def test_an_open_breach_is_told_apart_from_the_state() -> None:
    case: dict[str, Any] = {
        "kind": "policy_status",
        "policy": {"first_response_min": 15, "resolution_min": 600},
        "events": [{"at": f"{MONDAY}06:00:00Z", "type": "customer_message_creates_ticket"}],
        "now": f"{MONDAY}07:00:00Z",
    }
    for state in ("breached", "active"):
        expect = {"open_breaches": ["first_response"], "state": state}
        assert ran(expect=expect, **case).verdict == "ok"
    assert ran(expect={"open_breaches": [], "state": "active"}, **case).verdict == "failed"
    assert ran(expect={"open_breaches": ["first_response"], "state": "met"}, **case).verdict == (
        "failed"
    )
