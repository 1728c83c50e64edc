from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from services.sla.domain.clocks import (
    CancelTimer,
    ConversationClocks,
    Outcome,
    SetTimer,
    apply,
    apply_all,
    on_timer,
    take_back,
)
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import (
    AgentReplied,
    ConversationOpened,
    ConversationReopened,
    CustomerWrote,
    Fact,
    StatusChanged,
)
from services.sla.domain.policies import PolicyBook
from services.sla.domain.policy_data import book_from_mapping

MINUTE = 60_000_000
HOUR = 60 * MINUTE
RESOLUTION = {"within": "24h", "pause_in": ["pending"]}


def book_of(**targets: dict[str, Any]) -> PolicyBook:
    policy = {"id": "p", "version": "1", "calendar": "always", "targets": targets}
    always = {"id": "always", "version": "1", "time_zone": "UTC", "hours": None}
    on_x = {**policy, "when": {"channels": ["x"]}}
    return book_from_mapping({"calendars": [always], "policies": [on_x]})


FIRST = book_of(first_response={"within": "1h"})
FULL = book_of(
    first_response={"within": "1h", "warn_at_percent": 75},
    next_response={"within": "2h"},
    resolution=RESOLUTION,
)


class Story:
    """A conversation opened at 0 on X, told fact by fact."""

    def __init__(self, book: PolicyBook, *facts: Fact) -> None:
        self.book = book
        self.state = ConversationClocks()
        self.last = Outcome()
        self.told(ConversationOpened(0, "x"), *facts)

    def told(self, *facts: Fact) -> Story:
        for fact in facts:
            self.last = apply(self.state, fact, self.book)
        return self

    def timer(self, timer_id: str) -> Story:
        self.last = on_timer(self.state, timer_id, self.state.timers[timer_id])
        return self


def brief(events: Sequence[ClockEvent]) -> list[tuple[str, int, int]]:
    """Kind, sign and minute of events."""
    return [(event.kind, event.sign, event.at_us // MINUTE) for event in events]


def test_an_opening_applies_the_policy_and_starts_the_resolution() -> None:
    story = Story(FULL)
    assert [(event.kind, event.clock) for event in story.last.events] == [
        ("policy_applied", "first_response"),
        ("policy_applied", "next_response"),
        ("policy_applied", "resolution"),
        ("activated", "resolution"),
    ]
    assert story.last.timers == (SetTimer("resolution.1.breached", 24 * HOUR),)


def test_without_a_policy_that_applies_nothing_is_promised() -> None:
    state = ConversationClocks()
    outcome = apply_all(state, [ConversationOpened(0, "mail"), CustomerWrote(0)], FULL)
    assert outcome == Outcome()


def test_the_first_response_starts_at_the_first_customer_message() -> None:
    story = Story(FIRST, AgentReplied(5 * MINUTE))
    assert story.last == Outcome()
    story.told(CustomerWrote(10 * MINUTE))
    (activated,) = story.last.events
    assert activated.kind == "activated"
    assert activated.due_at_us == 70 * MINUTE
    assert story.told(CustomerWrote(20 * MINUTE)).last == Outcome()


def test_a_reply_fulfils_it_and_cancels_its_timer() -> None:
    story = Story(FIRST, CustomerWrote(0), AgentReplied(40 * MINUTE))
    (fulfilled,) = story.last.events
    assert (fulfilled.kind, fulfilled.elapsed_us) == ("fulfilled", 40 * MINUTE)
    assert fulfilled.due_at_us == HOUR
    assert story.last.timers == (CancelTimer("first_response.1.breached"),)


def test_a_reply_at_the_instant_of_the_message_answers_it() -> None:
    story = Story(FIRST)
    outcome = apply_all(story.state, [AgentReplied(5), CustomerWrote(5)], FIRST)
    assert [event.kind for event in outcome.events] == ["activated", "fulfilled"]


def test_a_timer_breaches_and_the_reply_still_fulfils() -> None:
    story = Story(FIRST, CustomerWrote(0)).timer("first_response.1.breached")
    (breached,) = story.last.events
    assert (breached.kind, breached.at_us, breached.elapsed_us) == ("breached", HOUR, HOUR)
    story.told(AgentReplied(90 * MINUTE))
    (fulfilled,) = story.last.events
    assert (fulfilled.kind, fulfilled.elapsed_us) == ("fulfilled", 90 * MINUTE)


def test_a_reply_after_the_due_time_breaches_before_it_fulfils_even_without_the_timer() -> None:
    story = Story(FIRST, CustomerWrote(0), AgentReplied(61 * MINUTE))
    assert brief(story.last.events) == [("breached", 1, 60), ("fulfilled", 1, 61)]


def test_a_reply_at_the_due_time_is_in_time() -> None:
    story = Story(FIRST, CustomerWrote(0), AgentReplied(HOUR))
    assert brief(story.last.events) == [("fulfilled", 1, 60)]


def test_a_warning_comes_before_the_breach_and_once() -> None:
    story = Story(FULL, CustomerWrote(0)).timer("first_response.1.warned")
    (warned,) = story.last.events
    assert (warned.kind, warned.at_us, warned.elapsed_us) == (
        "warned",
        45 * MINUTE,
        45 * MINUTE,
    )
    assert "first_response.1.warned" not in story.state.timers
    story.timer("first_response.1.breached")
    assert brief(story.last.events) == [("breached", 1, 60)]


def test_a_late_reply_withdraws_the_breach_and_fulfils() -> None:
    story = Story(FIRST, CustomerWrote(0)).timer("first_response.1.breached")
    (breached,) = story.last.events
    story.told(AgentReplied(50 * MINUTE))
    assert brief(story.last.events) == [("withdrawn", -1, 60), ("fulfilled", 1, 50)]
    assert story.last.events[0] == breached._replace(kind="withdrawn", sign=-1)


def test_a_late_reply_at_the_due_time_withdraws_the_breach() -> None:
    story = Story(FIRST, CustomerWrote(0)).timer("first_response.1.breached")
    story.told(AgentReplied(HOUR))
    assert brief(story.last.events) == [("withdrawn", -1, 60), ("fulfilled", 1, 60)]


def test_a_late_reply_after_the_due_time_leaves_the_breach() -> None:
    story = Story(FIRST, CustomerWrote(0), CustomerWrote(3 * HOUR))
    assert brief(story.last.events) == [("breached", 1, 60)]
    story.told(AgentReplied(2 * HOUR))
    assert brief(story.last.events) == [("fulfilled", 1, 120)]


def test_a_late_earlier_reply_corrects_the_fulfilment_by_a_pair() -> None:
    story = Story(FIRST, CustomerWrote(0), AgentReplied(40 * MINUTE))
    story.told(AgentReplied(30 * MINUTE))
    assert brief(story.last.events) == [("fulfilled", -1, 40), ("fulfilled", 1, 30)]
    assert story.last.events[1].elapsed_us == 30 * MINUTE
    assert story.last.timers == ()


def test_a_late_reply_before_the_message_changes_nothing() -> None:
    story = Story(FIRST, CustomerWrote(20 * MINUTE), AgentReplied(10 * MINUTE))
    assert story.last == Outcome()


def test_a_late_earlier_first_message_activates_again_with_the_corrected_due_time() -> None:
    story = Story(FIRST, CustomerWrote(30 * MINUTE), CustomerWrote(10 * MINUTE))
    assert brief(story.last.events) == [("activated", -1, 30), ("activated", 1, 10)]
    assert story.last.timers == (SetTimer("first_response.1.breached", 70 * MINUTE),)


def test_a_message_from_before_the_opening_counts_from_its_own_time() -> None:
    story = Story(FULL, CustomerWrote(0))
    story.state = ConversationClocks()
    story.told(ConversationOpened(30 * MINUTE, "x"), CustomerWrote(30 * MINUTE))
    story.told(CustomerWrote(10 * MINUTE))
    due = {name: clock.due_at_us for name, clock in story.state.standing.clocks.items()}
    assert due["first_response"] == 70 * MINUTE
    assert due["resolution"] == 24 * HOUR + 10 * MINUTE


def test_a_breach_at_another_time_is_corrected_by_a_pair_and_not_withdrawn() -> None:
    story = Story(FIRST, CustomerWrote(30 * MINUTE)).timer("first_response.1.breached")
    story.told(CustomerWrote(10 * MINUTE))
    assert brief(story.last.events) == [
        ("activated", -1, 30),
        ("breached", -1, 90),
        ("activated", 1, 10),
        ("breached", 1, 70),
    ]


def test_facts_wait_for_the_opening() -> None:
    state = ConversationClocks()
    assert apply(state, AgentReplied(40 * MINUTE), FIRST) == Outcome()
    assert apply(state, CustomerWrote(0), FIRST) == Outcome()
    outcome = apply(state, ConversationOpened(0, "x"), FIRST)
    assert [event.kind for event in outcome.events] == [
        "policy_applied",
        "activated",
        "fulfilled",
    ]


def test_a_pausing_status_stops_the_resolution_and_moves_its_due_time() -> None:
    story = Story(book_of(resolution=RESOLUTION), StatusChanged(HOUR, "pending"))
    assert brief(story.last.events) == [("paused", 1, 60)]
    assert story.last.timers == (CancelTimer("resolution.1.breached"),)
    assert story.state.standing.clocks["resolution"].state == "paused"
    story.told(StatusChanged(11 * HOUR, "on_hold"))
    (resumed,) = story.last.events
    assert (resumed.kind, resumed.elapsed_us, resumed.due_at_us) == ("resumed", HOUR, 34 * HOUR)
    story.told(StatusChanged(20 * HOUR, "solved"))
    (fulfilled,) = story.last.events
    assert (fulfilled.kind, fulfilled.elapsed_us) == ("fulfilled", 10 * HOUR)
    assert story.told(StatusChanged(21 * HOUR, "closed")).last == Outcome()


def test_a_breached_clock_keeps_its_due_time_over_a_pause() -> None:
    story = Story(book_of(resolution=RESOLUTION)).timer("resolution.1.breached")
    story.told(StatusChanged(30 * HOUR, "pending"), StatusChanged(40 * HOUR, "open"))
    clock = story.state.standing.clocks["resolution"]
    assert (clock.state, clock.due_at_us, clock.spent_us) == ("breached", 24 * HOUR, 30 * HOUR)
    assert story.state.timers == {}


def test_a_bot_that_solves_stops_the_first_response_and_the_reopening_starts_it_anew() -> None:
    story = Story(FIRST, CustomerWrote(0), StatusChanged(5 * MINUTE, "solved"))
    assert brief(story.last.events) == [("paused", 1, 5)]
    story.told(ConversationReopened(48 * HOUR, "x"), StatusChanged(48 * HOUR, "open"))
    story.told(AgentReplied(48 * HOUR + 10 * MINUTE))
    (fulfilled,) = story.last.events
    assert (fulfilled.kind, fulfilled.cycle) == ("fulfilled", 2)
    assert fulfilled.elapsed_us == 10 * MINUTE


def test_a_reopening_after_an_answer_waits_for_the_customer() -> None:
    story = Story(FULL, CustomerWrote(0), AgentReplied(1), StatusChanged(2, "solved"))
    story.told(ConversationReopened(HOUR, "x"))
    assert set(story.state.standing.clocks) == {"resolution"}
    story.told(CustomerWrote(2 * HOUR))
    assert {event.clock: event.cycle for event in story.last.events} == {
        "first_response": 2,
        "next_response": 2,
    }


def test_leaving_a_resolved_status_is_a_reopening() -> None:
    story = Story(FULL, StatusChanged(HOUR, "solved"), StatusChanged(2 * HOUR, "pending"))
    assert ("activated", "resolution", 2) in [event[:3] for event in story.last.events]
    assert story.state.standing.clocks["resolution"].state == "paused"


def test_a_reopening_of_what_is_open_is_a_repetition() -> None:
    story = Story(FULL, CustomerWrote(0), ConversationReopened(5, "x"), ConversationOpened(6, "x"))
    assert story.last == Outcome()
    assert story.state.standing.cycle == 1


def test_the_next_response_waits_from_the_oldest_unanswered_message() -> None:
    story = Story(FULL, CustomerWrote(0), AgentReplied(10 * MINUTE))
    story.told(CustomerWrote(30 * MINUTE), CustomerWrote(50 * MINUTE))
    waiting = story.state.standing.clocks["next_response"]
    assert (waiting.cycle, waiting.due_at_us) == (2, 150 * MINUTE)
    story.told(AgentReplied(40 * MINUTE))
    waiting = story.state.standing.clocks["next_response"]
    assert (waiting.cycle, waiting.due_at_us) == (3, 170 * MINUTE)


def test_an_acknowledgement_is_a_first_response_and_not_an_answer() -> None:
    story = Story(FULL, CustomerWrote(0), AgentReplied(10 * MINUTE, answers=False))
    assert [event.clock for event in story.last.events] == ["first_response"]
    assert story.state.standing.clocks["next_response"].is_open


def test_what_was_cancelled_or_moved_fires_without_effect() -> None:
    story = Story(FIRST, CustomerWrote(30 * MINUTE), CustomerWrote(10 * MINUTE))
    story.told(AgentReplied(20 * MINUTE))
    assert on_timer(story.state, "first_response.1.breached", 90 * MINUTE) == Outcome()
    assert story.state.timers == {}


def test_a_fact_that_is_no_longer_true_is_taken_back() -> None:
    story = Story(FIRST, CustomerWrote(0), AgentReplied(40 * MINUTE), AgentReplied(50 * MINUTE))
    outcome = take_back(story.state, AgentReplied(40 * MINUTE), FIRST)
    assert brief(outcome.events) == [("fulfilled", -1, 40), ("fulfilled", 1, 50)]
    with pytest.raises(LookupError, match="was never applied"):
        take_back(story.state, AgentReplied(40 * MINUTE), FIRST)


def test_an_opening_is_taken_back_with_its_promises() -> None:
    story = Story(FIRST, CustomerWrote(0))
    outcome = take_back(story.state, ConversationOpened(0, "x"), FIRST)
    assert [(event.kind, event.sign) for event in outcome.events] == [
        ("policy_applied", -1),
        ("activated", -1),
    ]
    assert outcome.timers == (CancelTimer("first_response.1.breached"),)


def test_a_status_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no status 'asleep'; known are new"):
        apply(ConversationClocks(), StatusChanged(0, "asleep"), FIRST)  # type: ignore[arg-type]
