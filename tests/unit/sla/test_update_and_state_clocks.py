from __future__ import annotations

from typing import Any

import pytest

from services.sla.domain.clocks import ConversationClocks, apply_all, holding, pass_time
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import (
    Fact,
    agent_replied,
    conversation_opened,
    conversation_reopened,
    customer_wrote,
    status_changed,
)
from services.sla.domain.policies import PolicyBook
from services.sla.domain.policy_data import book_from_mapping

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def book_of(**targets: dict[str, Any]) -> PolicyBook:
    always = {"id": "always", "version": "1", "time_zone": "UTC", "hours": None}
    policy = {
        "id": "p",
        "version": "1",
        "calendar": "always",
        "when": {"channels": ["line"]},
        "targets": targets,
    }
    return book_from_mapping({"calendars": [always], "policies": [policy]})


def told(book: PolicyBook, *facts: Fact, until: int = 0) -> list[ClockEvent]:
    state = ConversationClocks()
    apply_all(state, [conversation_opened(0, "line")], book)
    for fact in facts:
        apply_all(state, [fact], book)
    pass_time(state, until, book)
    return holding(state, book)


def spent(events: list[ClockEvent], clock: str) -> list[tuple[int, int]]:
    """The cycle and the minutes of what was fulfilled."""
    return [
        (event.cycle, event.elapsed_us // MINUTE)
        for event in events
        if event.clock == clock and event.kind == "fulfilled"
    ]


def breaches(events: list[ClockEvent], clock: str) -> list[int]:
    return [
        event.at_us // MINUTE
        for event in events
        if event.clock == clock and event.kind == "breached"
    ]


DAY: tuple[Fact, ...] = (
    customer_wrote(0),
    status_changed(20 * MINUTE, "open"),
    agent_replied(30 * MINUTE),
    customer_wrote(50 * MINUTE),
    agent_replied(100 * MINUTE),
    status_changed(100 * MINUTE, "pending"),
    status_changed(220 * MINUTE, "open"),
    status_changed(280 * MINUTE, "on_hold"),
    status_changed(340 * MINUTE, "open"),
    agent_replied(370 * MINUTE),
    status_changed(400 * MINUTE, "solved"),
)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("periodic_update", [(1, 70), (2, 270), (3, 30)]),
        ("pausable_update", [(1, 70), (2, 150), (3, 30)]),
        ("requester_wait", [(1, 280)]),
        ("agent_work", [(1, 220)]),
    ],
)
def test_a_day_is_measured_by_each_in_its_own_way(
    clock: str, expected: list[tuple[int, int]]
) -> None:
    assert spent(told(book_of(**{clock: {"within": "99h"}}), *DAY), clock) == expected


def test_an_update_is_due_from_the_last_reply_whatever_the_customer_writes() -> None:
    book = book_of(periodic_update={"within": "1h"})
    facts = (customer_wrote(0), agent_replied(10 * MINUTE), customer_wrote(40 * MINUTE))
    assert breaches(told(book, *facts, until=3 * HOUR), "periodic_update") == [70]
    in_time = (*facts, agent_replied(70 * MINUTE))
    assert breaches(told(book, *in_time, until=2 * HOUR), "periodic_update") == []


def test_nobody_owes_an_update_before_the_first_reply_nor_after_the_solution() -> None:
    book = book_of(periodic_update={"within": "1h"})
    assert breaches(told(book, customer_wrote(0), until=9 * HOUR), "periodic_update") == []
    solved = (customer_wrote(0), agent_replied(MINUTE), status_changed(2 * MINUTE, "solved"))
    assert breaches(told(book, *solved, until=9 * HOUR), "periodic_update") == []
    thanked = (*solved, agent_replied(5 * MINUTE))
    assert breaches(told(book, *thanked, until=9 * HOUR), "periodic_update") == []


def test_update_cycles_are_counted_on_over_a_reopening() -> None:
    book = book_of(periodic_update={"within": "9h"})
    facts = (
        customer_wrote(0),
        agent_replied(MINUTE),
        status_changed(2 * MINUTE, "solved"),
        conversation_reopened(60 * MINUTE, "line"),
        agent_replied(65 * MINUTE),
        agent_replied(75 * MINUTE),
    )
    assert spent(told(book, *facts), "periodic_update") == [(1, 1), (2, 10)]


def test_a_reopening_without_a_promise_ends_the_updates() -> None:
    book = book_of(periodic_update={"within": "1h"})
    facts = (
        customer_wrote(0),
        agent_replied(MINUTE),
        status_changed(5 * MINUTE, "solved"),
        conversation_reopened(10 * MINUTE, "mail"),
        agent_replied(20 * MINUTE),
        status_changed(30 * MINUTE, "solved"),
    )
    events = told(book, *facts, until=9 * HOUR)
    assert spent(events, "periodic_update") == [(1, 4)]
    assert breaches(events, "periodic_update") == []


def test_work_that_takes_too_long_is_a_breach_though_pending_time_is_left_out() -> None:
    book = book_of(agent_work={"within": "2h"}, requester_wait={"within": "2h"})
    events = told(
        book,
        customer_wrote(0),
        status_changed(60 * MINUTE, "on_hold"),
        status_changed(180 * MINUTE, "open"),
        until=9 * HOUR,
    )
    assert breaches(events, "requester_wait") == [120]
    assert breaches(events, "agent_work") == [240]
