from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.acknowledging import AcknowledgingPolicy, Decision, decide
from services.gateway.domain.incoming import IncomingEvent, MessageDeletion, WrittenMessage

MINUTE_US = 60 * 1_000_000
DAY_US = 24 * 60 * MINUTE_US
POLICY = AcknowledgingPolicy(after_us=2 * MINUTE_US, most_a_day=2)
SAID = WrittenMessage("m1", "customer", "Ann", "Where is my parcel?")
EVENT = IncomingEvent("e1", "mail", "t1", SAID, None, author_id="ann@x.example")


def asked(
    event: IncomingEvent = EVENT,
    *,
    waited_us: int = 5 * MINUTE_US,
    answered_at_us: int = 0,
    acknowledged_at_us: tuple[int, ...] = (),
) -> Decision:
    accepted_at_us = 10 * DAY_US
    return decide(
        event,
        POLICY,
        accepted_at_us=accepted_at_us,
        answered_at_us=answered_at_us,
        acknowledged_at_us=acknowledged_at_us,
        now_us=accepted_at_us + waited_us,
    )


def test_a_customer_whom_nobody_answered_is_acknowledged() -> None:
    assert asked() == Decision(acknowledge=True)


def test_before_its_time_it_says_when_to_ask_again() -> None:
    assert asked(waited_us=MINUTE_US) == Decision(
        acknowledge=False, reason="early", due_at_us=10 * DAY_US + 2 * MINUTE_US
    )


def test_an_answer_makes_it_needless_and_an_older_one_does_not() -> None:
    assert asked(answered_at_us=10 * DAY_US + 1).reason == "answered"
    assert asked(answered_at_us=10 * DAY_US - 1).acknowledge


def test_after_hours_it_is_too_late() -> None:
    assert asked(waited_us=2 * 60 * MINUTE_US).reason == "too_late"


def test_a_sender_gets_only_so_many_a_day() -> None:
    assert asked(acknowledged_at_us=(10 * DAY_US, 10 * DAY_US - MINUTE_US)).reason == "capped"
    assert asked(acknowledged_at_us=(9 * DAY_US, 8 * DAY_US)).acknowledge


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (replace(SAID, automatic=True), "automatic"),
        (replace(SAID, spam=True), "spam"),
        (replace(SAID, is_public=True), "public"),
        (replace(SAID, edited=True), "edited"),
        (replace(SAID, author_kind="agent"), "not_a_customer"),
        (replace(SAID, author_kind="bot"), "not_a_customer"),
        (MessageDeletion("m1"), "not_a_customer"),
    ],
)
def test_machines_agents_and_the_public_are_never_acknowledged(
    said: WrittenMessage | MessageDeletion, reason: str
) -> None:
    assert asked(replace(EVENT, body=said)) == Decision(acknowledge=False, reason=reason)


@given(st.lists(st.integers(0, 3 * DAY_US), max_size=30))
def test_two_that_answer_each_other_stop_at_the_cap(times_us: list[int]) -> None:
    sent: list[int] = []
    for at_us in sorted(times_us):
        now_us = 10 * DAY_US + at_us
        decision = decide(
            EVENT,
            POLICY,
            accepted_at_us=now_us - 3 * MINUTE_US,
            answered_at_us=0,
            acknowledged_at_us=sent,
            now_us=now_us,
        )
        if decision.acknowledge:
            sent.append(now_us)
    for at_us in sent:
        assert sum(at_us - DAY_US < other <= at_us for other in sent) <= POLICY.most_a_day
