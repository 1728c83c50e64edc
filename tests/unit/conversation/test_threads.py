from __future__ import annotations

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import ConversationStatus
from services.conversation.domain import facts, statuses
from services.conversation.domain.conversation import (
    Conversation,
    conversation_id_of,
    new_conversation,
)
from services.conversation.domain.threads import is_over, place


def conversation(ordinal: int, opened_at_us: int, closed_at_us: int = 0) -> Conversation:
    known = new_conversation("acme", "acme/x/1", "x", ordinal, opened_at_us)
    if closed_at_us:
        known.status, known.closed_at_us = "closed", closed_at_us
    return known


def test_a_conversations_id_never_changes() -> None:
    assert conversation_id_of("acme", "acme/x/1", 1) == "cv_ywtntmoxsxndb3v7vrhcga52"
    ids = {
        conversation_id_of(organisation, thread, ordinal)
        for organisation in ("acme", "acm")
        for thread in ("acme/x/1", "eacme/x/1")
        for ordinal in (1, 11)
    }
    assert len(ids) == 8


def test_the_domains_numbers_and_names_are_the_contracts() -> None:
    for name, number in FactKind.items():
        assert number == getattr(facts, name.removeprefix("FACT_KIND_"), 0)
    names = {name.removeprefix("CONVERSATION_STATUS_") for name, _ in ConversationStatus.items()}
    assert names == {"UNSPECIFIED", *(status.upper() for status in statuses.RANKS)}


def test_an_event_goes_where_its_time_belongs() -> None:
    thread = {
        1: conversation(1, 100, 200),
        2: conversation(2, 300, 400),
        3: conversation(3, 500),
    }

    def ordinal_at(at_us: int) -> int:
        return place(thread[3], at_us, thread.__getitem__).ordinal

    assert [ordinal_at(at) for at in (50, 100, 200)] == [1, 1, 1]
    assert [ordinal_at(at) for at in (201, 300, 400)] == [2, 2, 2]
    assert [ordinal_at(at) for at in (401, 500, 9000)] == [3, 3, 3]


def test_a_conversation_is_over_past_its_closing_and_past_its_window() -> None:
    assert not is_over(conversation(1, 100), 10_000)
    closed = conversation(1, 100, 200)
    assert [is_over(closed, at) for at in (200, 201)] == [False, True]
    solved = conversation(1, 100)
    solved.status, solved.closes_at_us = "solved", 300
    assert [is_over(solved, at) for at in (300, 301)] == [False, True]
