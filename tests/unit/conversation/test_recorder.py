from __future__ import annotations

import pytest

from services.conversation.domain.conversation import (
    MAX_EARLY_REPLIES,
    MAX_RECENT_CONTACTS,
    MAX_STEPS,
    Conversation,
    new_conversation,
)
from services.conversation.domain.facts import (
    CLOSED,
    CONTACT,
    FIRST_RESPONSE,
    OPENED,
    REOPENED,
    REPLY,
    SOLVED,
    STATUS_CHANGED,
    Fact,
    Telling,
    Told,
)
from services.conversation.domain.recorder import Recorder, seal

WINDOW_US = 1_000
RECORDER = Recorder(WINDOW_US)


def opened(at_us: int) -> Conversation:
    return new_conversation("acme", "acme/x/1", "x", 1, at_us)


def contact(known: Conversation, at_us: int, brand: str = "a", timeline: str = "live") -> Telling:
    return RECORDER.contact(
        known, at_us, brand, timeline, party_key=f"party@{at_us}", customer_id=f"customer@{at_us}"
    )


def reply(known: Conversation, at_us: int, brand: str = "a", timeline: str = "live") -> Telling:
    return RECORDER.reply(known, at_us, brand, timeline)


def status(known: Conversation, at_us: int, status: str, timeline: str = "live") -> Telling:
    return RECORDER.change_status(known, at_us, "a", timeline, status=status)


def fact(kind: int, at_us: int, duration_us: int = 0, status: str = "") -> Fact:
    return (kind, at_us, duration_us, status)


def told(kind: int, at_us: int, duration_us: int = 0, status: str = "", brand: str = "a") -> Told:
    return (kind, at_us, duration_us, status, brand, "live")


def test_the_first_customer_message_opens_and_is_a_contact() -> None:
    known = opened(10)
    assert list(contact(known, 10).facts) == [fact(OPENED, 10), fact(CONTACT, 10)]
    assert (known.status, known.party_key, known.customer_id) == ("new", "party@10", "customer@10")


def test_the_first_reply_is_the_first_response_and_opens_the_status() -> None:
    known = opened(10)
    contact(known, 10)
    assert list(reply(known, 25).facts) == [
        fact(REPLY, 25),
        fact(FIRST_RESPONSE, 25, 15),
        fact(STATUS_CHANGED, 25, status="open"),
    ]
    assert list(reply(known, 30).facts) == [fact(REPLY, 30)]
    assert (known.status, known.replies) == ("open", 2)


def test_an_agent_who_writes_first_has_not_responded_yet() -> None:
    known = opened(5)
    assert list(reply(known, 5).facts) == [
        fact(OPENED, 5),
        fact(REPLY, 5),
        fact(STATUS_CHANGED, 5, status="open"),
    ]
    assert list(contact(known, 9).facts) == [fact(CONTACT, 9)]
    assert fact(FIRST_RESPONSE, 12, 3) in reply(known, 12).facts


def test_a_reply_at_the_instant_of_the_first_contact_answers_it_after_no_time() -> None:
    for first, second in ((contact, reply), (reply, contact)):
        known = opened(10)
        facts = [*first(known, 10).facts, *second(known, 10).facts]
        assert fact(FIRST_RESPONSE, 10) in facts


def test_a_late_reply_that_came_first_replaces_the_first_response() -> None:
    known = opened(10)
    contact(known, 10)
    reply(known, 40)
    late = reply(known, 20)
    assert list(late.taken_back) == [
        told(FIRST_RESPONSE, 40, 30),
        told(STATUS_CHANGED, 40, status="open"),
    ]
    assert list(late.facts) == [
        fact(REPLY, 20),
        fact(FIRST_RESPONSE, 20, 10),
        fact(STATUS_CHANGED, 20, status="open"),
    ]


def test_a_late_first_contact_moves_the_opening_and_the_first_response() -> None:
    known = opened(10)
    contact(known, 10)
    reply(known, 40)
    late = contact(known, 4)
    assert list(late.taken_back) == [told(OPENED, 10), told(FIRST_RESPONSE, 40, 30)]
    assert list(late.facts) == [fact(OPENED, 4), fact(CONTACT, 4), fact(FIRST_RESPONSE, 40, 36)]
    assert known.party_key == "party@4"


def test_a_reply_from_before_the_first_contact_answers_an_earlier_one() -> None:
    known = opened(10)
    reply(known, 10)
    contact(known, 20)
    late = contact(known, 8)
    assert fact(FIRST_RESPONSE, 10, 2) in late.facts


def test_solving_is_measured_from_the_opening() -> None:
    known = opened(10)
    contact(known, 10)
    assert list(status(known, 110, "solved").facts) == [
        fact(STATUS_CHANGED, 110, status="solved"),
        fact(SOLVED, 110, 100),
    ]
    assert known.closes_at_us == 110 + WINDOW_US


def test_a_late_opening_lengthens_what_was_measured_from_it() -> None:
    known = opened(10)
    contact(known, 10)
    status(known, 110, "solved")
    late = contact(known, 5)
    assert list(late.taken_back) == [told(OPENED, 10), told(SOLVED, 110, 100)]
    assert fact(SOLVED, 110, 105) in late.facts


def test_a_customer_reopens_within_the_window() -> None:
    known = opened(10)
    contact(known, 10)
    status(known, 20, "solved")
    assert list(contact(known, 30).facts) == [
        fact(REOPENED, 30),
        fact(CONTACT, 30),
        fact(STATUS_CHANGED, 30, status="open"),
    ]
    assert (known.status, known.closes_at_us) == ("open", 0)


def test_an_agent_who_opens_a_solved_conversation_reopens_it() -> None:
    known = opened(10)
    status(known, 20, "solved")
    assert list(status(known, 30, "open").facts) == [
        fact(REOPENED, 30),
        fact(STATUS_CHANGED, 30, status="open"),
    ]


def test_an_agents_reply_to_a_solved_conversation_leaves_it_solved() -> None:
    known = opened(10)
    contact(known, 10)
    status(known, 20, "solved")
    assert list(reply(known, 30).facts) == [fact(REPLY, 30), fact(FIRST_RESPONSE, 30, 20)]
    assert known.status == "solved"


def test_a_contact_at_the_instant_of_solving_came_before_it() -> None:
    known = opened(10)
    status(known, 20, "solved")
    assert list(contact(known, 20).facts) == [fact(CONTACT, 20)]
    assert known.status == "solved"


def test_a_late_contact_from_before_the_solving_does_not_reopen() -> None:
    known = opened(10)
    contact(known, 10)
    status(known, 30, "solved")
    assert list(contact(known, 20).facts) == [fact(CONTACT, 20)]


def test_a_late_solving_is_reopened_by_the_contact_that_followed_it() -> None:
    known = opened(10)
    contact(known, 10)
    reply(known, 12)
    contact(known, 40)
    contact(known, 50)
    assert list(status(known, 30, "solved").facts) == [
        fact(STATUS_CHANGED, 30, status="solved"),
        fact(SOLVED, 30, 20),
        fact(REOPENED, 40),
        fact(STATUS_CHANGED, 40, status="open"),
    ]
    assert known.status == "open"


def test_an_earlier_late_contact_moves_the_reopening() -> None:
    known = opened(10)
    status(known, 20, "solved")
    contact(known, 50)
    late = contact(known, 40)
    assert list(late.taken_back) == [
        told(REOPENED, 50),
        told(STATUS_CHANGED, 50, status="open"),
    ]
    assert fact(REOPENED, 40) in late.facts


def test_solving_twice_is_solving_once() -> None:
    known = opened(10)
    status(known, 20, "solved")
    assert not status(known, 30, "solved").facts
    assert known.closes_at_us == 20 + WINDOW_US


def test_a_late_change_of_status_does_not_change_the_present_one() -> None:
    known = opened(10)
    status(known, 30, "on_hold")
    late = status(known, 20, "pending")
    assert list(late.facts) == [fact(STATUS_CHANGED, 20, status="pending")]
    assert known.status == "on_hold"


def test_what_is_left_empty_stays_and_the_latest_value_holds() -> None:
    known = opened(10)
    RECORDER.change_status(known, 30, "a", "live", assignee="ann", priority="high")
    RECORDER.change_status(known, 20, "a", "live", assignee="bob", priority="low")
    RECORDER.change_status(known, 40, "a", "live", priority="urgent")
    assert (known.assignee, known.priority, known.status) == ("ann", "urgent", "new")


def test_the_window_ends_with_a_closing() -> None:
    known = opened(10)
    status(known, 20, "solved")
    assert list(RECORDER.close(known).facts) == [
        fact(STATUS_CHANGED, 20 + WINDOW_US, status="closed"),
        fact(CLOSED, 20 + WINDOW_US),
    ]
    assert (known.status, known.closed_at_us) == ("closed", 20 + WINDOW_US)


def test_only_a_solved_conversation_closes_by_itself() -> None:
    with pytest.raises(ValueError, match="only solved ones close"):
        RECORDER.close(opened(10))


def test_a_late_contact_from_within_the_window_withdraws_the_closing() -> None:
    known = opened(10)
    status(known, 20, "solved")
    RECORDER.close(known)
    late = contact(known, 500)
    closed_at_us = 20 + WINDOW_US
    assert list(late.taken_back) == [
        told(STATUS_CHANGED, closed_at_us, status="closed", brand=""),
        told(CLOSED, closed_at_us, brand=""),
    ]
    assert fact(REOPENED, 500) in late.facts
    assert known.status == "open"


def test_a_sealed_closing_stays_although_a_late_contact_reopens_before_it() -> None:
    known = opened(10)
    status(known, 20, "solved")
    RECORDER.close(known)
    seal(known)
    late = contact(known, 500)
    assert not late.taken_back
    assert fact(REOPENED, 500) in late.facts
    assert (known.status, known.closed_at_us) == ("closed", 20 + WINDOW_US)


def test_a_void_closing_is_not_sealed() -> None:
    known = opened(10)
    status(known, 20, "solved")
    RECORDER.close(known)
    contact(known, 500)
    status(known, 600, "closed")
    seal(known)
    assert [step.at_us for step in known.steps] == [20, 600]


def test_a_closing_that_arrives_late_is_reopened_by_what_had_followed() -> None:
    known = opened(10)
    contact(known, 10)
    contact(known, 40)
    late = status(known, 30, "closed")
    assert fact(CLOSED, 30) in late.facts
    assert fact(REOPENED, 40) in late.facts
    assert known.status == "open"


def test_a_fact_is_taken_back_from_the_brand_and_timeline_it_was_told_for() -> None:
    known = opened(10)
    contact(known, 10, "", "live")
    late = contact(known, 5, "b", "replay-1")
    assert list(late.taken_back) == [(OPENED, 10, 0, "", "", "live")]
    assert list(late.facts) == [fact(OPENED, 5), fact(CONTACT, 5)]
    even_later = contact(known, 3, "c", "live")
    assert list(even_later.taken_back) == [(OPENED, 5, 0, "", "b", "replay-1")]


def test_memory_is_bounded() -> None:
    known = opened(1)
    for number in range(1, 301):
        reply(known, number)
    contact(known, 400)
    for number in range(401, 701):
        contact(known, number)
        status(known, number, "solved" if number % 2 else "pending")
    assert len(known.early_replies) == MAX_EARLY_REPLIES
    assert len(known.recent_contacts) == MAX_RECENT_CONTACTS
    assert len(known.steps) == MAX_STEPS
    assert len(known.told) <= 3 * MAX_STEPS + 2


def test_forgetting_old_steps_tells_nothing_and_keeps_the_status() -> None:
    known = opened(1)
    contact(known, 1)
    status(known, 2, "solved")
    for number in range(3, 3 + 2 * MAX_STEPS):
        assert not status(known, number, "solved").facts
    assert (known.status, known.solved_at_us, known.closes_at_us) == ("solved", 2, 2 + WINDOW_US)
    late = status(known, 1, "pending")
    assert not late.facts
    assert not late.taken_back
    assert fact(CLOSED, 2 + WINDOW_US) in RECORDER.close(known).facts
