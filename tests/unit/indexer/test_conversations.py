from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.indexer.domain.conversations import (
    ConversationState,
    conversation_document,
    updated,
)
from services.indexer.domain.documents import Position
from services.indexer.domain.occurrence import ClockEvent, ConversationPart, Fact, Occurrence

SECOND = 1_000_000
START = 1_700_000_000 * SECOND


def fact(kind: str, seconds: int, *, sign: int = 1, lasted: int = 0) -> Fact:
    return Fact(kind, sign, START + seconds * SECOND, lasted * SECOND)


def breach(kind: str, sign: int = 1) -> ClockEvent:
    return ClockEvent("first_response", 1, kind, sign, START, START, 0, SECOND, "p", "1")


def after(
    *steps: Sequence[Fact | ClockEvent], state: ConversationState | None = None, **told: Any
) -> ConversationState:
    for offset, step in enumerate(steps):
        part = ConversationPart(
            "cv_1", facts=tuple(item for item in step if isinstance(item, Fact)), **told
        )
        occurrence = Occurrence(
            event_id=f"e{offset}",
            organisation_id="acme",
            channel="x",
            timeline="live",
            kind="message",
            occurred_at_us=START + offset * SECOND,
            conversation=part,
            clock_events=tuple(item for item in step if isinstance(item, ClockEvent)),
        )
        state = updated(state, occurrence, part, Position(0, offset, 0))
    assert state is not None
    return state


def document(state: ConversationState) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(conversation_document(state).body)
    return content


def test_a_conversation_tells_when_it_was_answered_and_solved() -> None:
    told = document(
        after(
            [fact("opened", 0), fact("contact", 0)],
            [fact("reply", 60), fact("first_response", 60, lasted=60)],
            [fact("solved", 90, lasted=90)],
            status="solved",
        )
    )
    assert told["opened_at"] == told["first_contact_at"] == "2023-11-14T22:13:20.000000Z"
    assert told["first_reply_at"] == "2023-11-14T22:14:20.000000Z"
    assert (told["first_response_seconds"], told["resolution_seconds"]) == (60.0, 90.0)
    assert told["solved_at"] == "2023-11-14T22:14:50.000000Z"
    assert (told["contacts"], told["replies"], told["events"]) == (1, 1, 3)
    assert told["status"] == "solved"


def test_what_was_never_told_is_left_out() -> None:
    told = document(after([fact("reply", 0)]))
    assert not {"opened_at", "first_contact_at", "first_reply_at", "solved_at"} & told.keys()


def test_a_late_reply_replaces_the_first_response() -> None:
    told = document(
        after(
            [fact("contact", 0)],
            [fact("first_response", 60, lasted=60)],
            [
                fact("first_response", 60, sign=-1, lasted=60),
                fact("first_response", 30, lasted=30),
            ],
        )
    )
    assert told["first_response_seconds"] == 30.0
    assert told["first_reply_at"] == "2023-11-14T22:13:50.000000Z"


def test_a_solving_that_was_none_leaves_no_trace() -> None:
    told = document(
        after([fact("solved", 60, lasted=60)], [fact("solved", 60, sign=-1, lasted=60)])
    )
    assert "solved_at" not in told


def test_a_late_contact_may_be_the_first() -> None:
    state = after([fact("contact", 60)], [fact("contact", 10)])
    assert state.first_contact_at_us == START + 10 * SECOND


def test_a_withdrawn_breach_no_longer_counts() -> None:
    state = after([breach("warned"), breach("breached")], [breach("withdrawn", -1)])
    assert (state.warnings, state.breaches) == (1, 0)


def test_a_later_event_that_says_less_takes_nothing_away() -> None:
    first = after([fact("opened", 0)], status="open", customer_id="c1", assignee="ann", ordinal=2)
    second = after([], state=first)
    assert (second.status, second.customer_id, second.assignee, second.ordinal) == (
        "open",
        "c1",
        "ann",
        2,
    )


kept_facts = st.builds(
    fact,
    st.sampled_from(["opened", "first_response", "solved", "reopened", "closed"]),
    st.integers(0, 5),
    lasted=st.integers(0, 2),
)


@given(st.lists(kept_facts), st.lists(kept_facts))
def test_what_is_told_and_taken_back_in_any_order_was_never_told(
    stays: list[Fact], goes: list[Fact]
) -> None:
    taken_back = [told._replace(sign=-1) for told in goes]
    with_corrections = after([*goes[::2]], [*stays, *taken_back], [*goes[1::2]])
    without = after([], stays, [])
    assert with_corrections.marks == without.marks
