"""Whether and when a customer is told that the message has arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.domain.acknowledging import (
    APART_US,
    LATEST_US,
    NEVER,
    NOT_WAITING,
    AcknowledgingPolicy,
    Contact,
    Waiting,
    acknowledge,
    answer,
    await_answer,
    due_at_us,
    end,
    is_due,
    of_next_conversation,
)

SECOND_US = 1_000_000
NOW_US = 1_767_168_000 * SECOND_US
AFTER_US = 60 * SECOND_US
POLICY = AcknowledgingPolicy(AFTER_US, ("mail", "telegram"))
CONTACT = Contact(NOW_US, "mail", "live", "de")


def waits(*contacts: Contact, known: Waiting = NOT_WAITING, now_us: int = NOW_US) -> Waiting:
    for contact in contacts:
        known = await_answer(POLICY, known, contact, now_us)
    return known


def test_the_first_message_that_nobody_answered_sets_the_time() -> None:
    waiting = waits(CONTACT, CONTACT._replace(at_us=NOW_US + 30 * SECOND_US))
    assert due_at_us(POLICY, waiting) == NOW_US + AFTER_US
    assert not is_due(POLICY, waiting, NOW_US + AFTER_US - 1)
    assert is_due(POLICY, waiting, NOW_US + AFTER_US)


def test_an_earlier_message_that_arrives_late_sets_an_earlier_time() -> None:
    waiting = waits(CONTACT, CONTACT._replace(at_us=NOW_US - 30 * SECOND_US))
    assert due_at_us(POLICY, waiting) == NOW_US - 30 * SECOND_US + AFTER_US


@pytest.mark.parametrize(
    "contact",
    [
        CONTACT._replace(automatic=True),
        CONTACT._replace(spam=True),
        CONTACT._replace(is_public=True),
        CONTACT._replace(edited=True),
        CONTACT._replace(timeline="replay-1"),
        CONTACT._replace(channel="phone"),
        CONTACT._replace(at_us=NOW_US - LATEST_US - 1),
    ],
)
def test_what_must_not_be_acknowledged_is_not_waited_for(contact: Contact) -> None:
    assert waits(contact) == NOT_WAITING
    assert due_at_us(POLICY, waits(contact)) == 0


def test_without_a_policy_nothing_is_waited_for() -> None:
    assert await_answer(NEVER, NOT_WAITING, CONTACT, NOW_US) == NOT_WAITING
    assert due_at_us(NEVER, waits(CONTACT)) == 0
    assert not is_due(NEVER, waits(CONTACT), NOW_US + AFTER_US)


def test_an_answer_ends_the_waiting_and_one_from_before_does_not() -> None:
    waiting = waits(CONTACT)
    assert due_at_us(POLICY, answer(waiting, NOW_US)) == 0
    assert due_at_us(POLICY, answer(waiting, NOW_US - 1)) == NOW_US + AFTER_US


def test_a_message_that_arrives_after_its_answer_is_answered() -> None:
    answered = answer(NOT_WAITING, NOW_US)
    assert waits(CONTACT, known=answered) == answered


def test_what_was_written_after_an_answer_that_arrives_late_goes_on_waiting() -> None:
    later = NOW_US + 20 * SECOND_US
    waiting = answer(waits(CONTACT, CONTACT._replace(at_us=later)), NOW_US + SECOND_US)
    assert due_at_us(POLICY, waiting) == later + AFTER_US


def test_a_conversation_is_acknowledged_once() -> None:
    acknowledged = acknowledge(waits(CONTACT), NOW_US + AFTER_US)
    much_later = NOW_US + 2 * APART_US
    contact = CONTACT._replace(at_us=much_later)
    assert waits(contact, known=acknowledged, now_us=much_later) == acknowledged
    assert not is_due(POLICY, acknowledged, much_later)


def test_a_threads_next_conversation_is_acknowledged_a_day_after_the_one_before() -> None:
    at_us = NOW_US + AFTER_US
    before = of_next_conversation(acknowledge(waits(CONTACT), at_us))
    next_day = at_us + APART_US
    soon = CONTACT._replace(at_us=next_day - AFTER_US - 1)
    assert due_at_us(POLICY, waits(soon, known=before, now_us=next_day)) == 0
    later = CONTACT._replace(at_us=next_day - AFTER_US)
    assert due_at_us(POLICY, waits(later, known=before, now_us=next_day)) == next_day


def test_after_an_hour_a_machine_is_silent() -> None:
    waiting = waits(CONTACT)
    assert is_due(POLICY, waiting, NOW_US + LATEST_US)
    assert not is_due(POLICY, waiting, NOW_US + LATEST_US + 1)


def test_the_first_language_that_is_told_holds() -> None:
    told = [CONTACT._replace(language=language) for language in ("und", "", "zh", "de")]
    assert waits(*told).language == "zh"
    assert end(waits(*told)) == NOT_WAITING


@dataclass
class Course:
    """A conversation of which everything arrives in the order of time."""

    waiting: Waiting = NOT_WAITING
    now_us: int = NOW_US
    # When customers wrote and when they were answered.
    open_since_us: int = 0
    sent_at_us: list[int] = field(default_factory=list)

    def go_on(self, seconds: int) -> None:
        """Let time pass, with the timer as the lane keeps it."""
        later = self.now_us + seconds * SECOND_US
        due = due_at_us(POLICY, self.waiting)
        if due and due < later:
            if is_due(POLICY, self.waiting, due):
                assert self.open_since_us
                assert due == self.open_since_us + AFTER_US
                self.sent_at_us.append(due)
                self.waiting = acknowledge(self.waiting, due)
            else:
                self.waiting = end(self.waiting)
        self.now_us = later

    def happen(self, what: str) -> None:
        if what == "next":
            self.waiting = of_next_conversation(self.waiting)
            self.open_since_us = 0
        elif what == "answer":
            self.waiting = answer(self.waiting, self.now_us)
            self.open_since_us = 0
        elif what == "end":
            self.waiting = end(self.waiting)
            self.open_since_us = 0
        else:
            contact = CONTACT._replace(at_us=self.now_us, is_public=what == "post")
            was = self.waiting
            self.waiting = await_answer(POLICY, was, contact, self.now_us)
            if self.waiting.since_us and not was.since_us:
                self.open_since_us = self.now_us


HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["contact", "contact", "post", "answer", "end", "next"]),
        st.one_of(st.integers(1, 90), st.integers(1, 100_000)),
    ),
    max_size=40,
)


@given(HAPPENINGS)
def test_nobody_is_acknowledged_twice_a_day_or_after_an_answer(
    happenings: Sequence[tuple[str, int]],
) -> None:
    course, sent = Course(), 0
    for what, seconds in happenings:
        course.happen(what)
        if what == "next":
            sent = 0
        before = len(course.sent_at_us)
        course.go_on(seconds)
        sent += len(course.sent_at_us) - before
        assert sent <= 1
    pairs = pairwise(course.sent_at_us)
    assert all(later - earlier >= APART_US for earlier, later in pairs)


INSTANTS = st.integers(0, 50)


@given(
    st.lists(st.tuples(st.booleans(), INSTANTS), min_size=1, max_size=12),
)
def test_whatever_the_order_of_arrival_only_the_unanswered_wait(
    happenings: Sequence[tuple[bool, int]],
) -> None:
    waiting = NOT_WAITING
    for is_answer, second in happenings:
        at_us = NOW_US + second * SECOND_US
        if is_answer:
            waiting = answer(waiting, at_us)
        else:
            contact = CONTACT._replace(at_us=at_us)
            waiting = await_answer(POLICY, waiting, contact, NOW_US + 60 * SECOND_US)
    answered = max((second for is_answer, second in happenings if is_answer), default=-1)
    unanswered = [second for is_answer, second in happenings if not is_answer and second > answered]
    assert bool(waiting.since_us) == bool(unanswered)
    if unanswered:
        since = (waiting.since_us - NOW_US) // SECOND_US
        assert min(unanswered) <= since <= max(unanswered)
