from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest

from services.sla.domain.clocks import (
    MAX_ROWS,
    ConversationClocks,
    NeverAppliedError,
    apply_all,
    check_applied,
    holding,
    pass_time,
    standing_of,
)
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
from services.sla.domain.rules import NEVER, Standing

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
        self.last: list[ClockEvent] = []
        self.told(conversation_opened(0, "x"), *facts)

    def told(self, *facts: Fact) -> Story:
        for fact in facts:
            self.last = apply_all(self.state, (fact,), self.book)
        return self

    def alarm(self) -> Story:
        """Let the time of the next alarm pass."""
        self.last = pass_time(self.state, self.state.next_alarm_us, self.book)
        return self

    def standing(self) -> Standing:
        return standing_of(self.state, self.book)


def brief(events: Sequence[ClockEvent]) -> list[tuple[str, int, int]]:
    """Kind, sign and minute of events."""
    return [(event.kind, event.sign, event.at_us // MINUTE) for event in events]


def test_an_opening_applies_the_policy_and_starts_the_resolution() -> None:
    story = Story(FULL)
    assert [(event.kind, event.clock) for event in story.last] == [
        ("policy_applied", "first_response"),
        ("policy_applied", "next_response"),
        ("policy_applied", "resolution"),
        ("activated", "resolution"),
    ]
    assert story.state.next_alarm_us == 24 * HOUR


def test_without_a_policy_that_applies_nothing_is_promised() -> None:
    state = ConversationClocks()
    outcome = apply_all(state, [conversation_opened(0, "mail"), customer_wrote(0)], FULL)
    assert outcome == []


def test_the_first_response_starts_at_the_first_customer_message() -> None:
    story = Story(FIRST, agent_replied(5 * MINUTE))
    assert story.last == []
    story.told(customer_wrote(10 * MINUTE))
    (activated,) = story.last
    assert activated.kind == "activated"
    assert activated.due_at_us == 70 * MINUTE
    assert story.told(customer_wrote(20 * MINUTE)).last == []


def test_a_reply_fulfils_it_and_cancels_its_timer() -> None:
    story = Story(FIRST, customer_wrote(0), agent_replied(40 * MINUTE))
    (fulfilled,) = story.last
    assert (fulfilled.kind, fulfilled.elapsed_us) == ("fulfilled", 40 * MINUTE)
    assert fulfilled.due_at_us == HOUR
    assert story.state.next_alarm_us == NEVER


def test_a_reply_at_the_instant_of_the_message_answers_it() -> None:
    story = Story(FIRST)
    outcome = apply_all(story.state, [agent_replied(5), customer_wrote(5)], FIRST)
    assert [event.kind for event in outcome] == ["activated", "fulfilled"]


def test_a_timer_breaches_and_the_reply_still_fulfils() -> None:
    story = Story(FIRST, customer_wrote(0)).alarm()
    (breached,) = story.last
    assert (breached.kind, breached.at_us, breached.elapsed_us) == ("breached", HOUR, HOUR)
    story.told(agent_replied(90 * MINUTE))
    (fulfilled,) = story.last
    assert (fulfilled.kind, fulfilled.elapsed_us) == ("fulfilled", 90 * MINUTE)


def test_a_reply_after_the_due_time_breaches_before_it_fulfils_even_without_the_timer() -> None:
    story = Story(FIRST, customer_wrote(0), agent_replied(61 * MINUTE))
    assert brief(story.last) == [("breached", 1, 60), ("fulfilled", 1, 61)]


def test_a_reply_at_the_due_time_is_in_time() -> None:
    story = Story(FIRST, customer_wrote(0), agent_replied(HOUR))
    assert brief(story.last) == [("fulfilled", 1, 60)]


def test_a_warning_comes_before_the_breach_and_once() -> None:
    story = Story(FULL, customer_wrote(0)).alarm()
    (warned,) = story.last
    assert (warned.kind, warned.at_us, warned.elapsed_us) == (
        "warned",
        45 * MINUTE,
        45 * MINUTE,
    )
    assert story.state.next_alarm_us == HOUR
    story.alarm()
    assert brief(story.last) == [("breached", 1, 60)]


def test_a_late_reply_withdraws_the_breach_and_fulfils() -> None:
    story = Story(FIRST, customer_wrote(0)).alarm()
    (breached,) = story.last
    story.told(agent_replied(50 * MINUTE))
    assert brief(story.last) == [("withdrawn", -1, 60), ("fulfilled", 1, 50)]
    assert story.last[0] == breached._replace(kind="withdrawn", sign=-1)


def test_a_late_reply_at_the_due_time_withdraws_the_breach() -> None:
    story = Story(FIRST, customer_wrote(0)).alarm()
    story.told(agent_replied(HOUR))
    assert brief(story.last) == [("withdrawn", -1, 60), ("fulfilled", 1, 60)]


def test_a_late_reply_after_the_due_time_leaves_the_breach() -> None:
    story = Story(FIRST, customer_wrote(0), customer_wrote(3 * HOUR))
    assert brief(story.last) == [("breached", 1, 60)]
    story.told(agent_replied(2 * HOUR))
    assert brief(story.last) == [("fulfilled", 1, 120)]


def test_a_late_earlier_reply_corrects_the_fulfilment_by_a_pair() -> None:
    story = Story(FIRST, customer_wrote(0), agent_replied(40 * MINUTE))
    story.told(agent_replied(30 * MINUTE))
    assert brief(story.last) == [("fulfilled", -1, 40), ("fulfilled", 1, 30)]
    assert story.last[1].elapsed_us == 30 * MINUTE
    assert story.state.next_alarm_us == NEVER


def test_a_late_reply_before_the_message_changes_nothing() -> None:
    story = Story(FIRST, customer_wrote(20 * MINUTE), agent_replied(10 * MINUTE))
    assert story.last == []


def test_a_late_earlier_first_message_activates_again_with_the_corrected_due_time() -> None:
    story = Story(FIRST, customer_wrote(30 * MINUTE), customer_wrote(10 * MINUTE))
    assert brief(story.last) == [("activated", -1, 30), ("activated", 1, 10)]
    assert story.state.next_alarm_us == 70 * MINUTE


def test_a_message_from_before_the_opening_counts_from_its_own_time() -> None:
    story = Story(FULL, customer_wrote(0))
    story.state = ConversationClocks()
    story.told(conversation_opened(30 * MINUTE, "x"), customer_wrote(30 * MINUTE))
    story.told(customer_wrote(10 * MINUTE))
    due = {name: clock.due_at_us for name, clock in story.standing().clocks.items()}
    assert due["first_response"] == 70 * MINUTE
    assert due["resolution"] == 24 * HOUR + 10 * MINUTE


def test_a_breach_at_another_time_is_corrected_by_a_pair_and_not_withdrawn() -> None:
    story = Story(FIRST, customer_wrote(30 * MINUTE)).alarm()
    story.told(customer_wrote(10 * MINUTE))
    assert brief(story.last) == [
        ("activated", -1, 30),
        ("breached", -1, 90),
        ("activated", 1, 10),
        ("breached", 1, 70),
    ]


def test_facts_wait_for_the_opening() -> None:
    state = ConversationClocks()
    assert apply_all(state, (agent_replied(40 * MINUTE),), FIRST) == []
    assert apply_all(state, (customer_wrote(0),), FIRST) == []
    outcome = apply_all(state, (conversation_opened(0, "x"),), FIRST)
    assert [event.kind for event in outcome] == [
        "policy_applied",
        "activated",
        "fulfilled",
    ]


def test_a_pausing_status_stops_the_resolution_and_moves_its_due_time() -> None:
    story = Story(book_of(resolution=RESOLUTION), status_changed(HOUR, "pending"))
    assert brief(story.last) == [("paused", 1, 60)]
    assert story.state.next_alarm_us == NEVER
    assert story.standing().clocks["resolution"].state == "paused"
    story.told(status_changed(11 * HOUR, "on_hold"))
    (resumed,) = story.last
    assert (resumed.kind, resumed.elapsed_us, resumed.due_at_us) == ("resumed", HOUR, 34 * HOUR)
    story.told(status_changed(20 * HOUR, "solved"))
    (fulfilled,) = story.last
    assert (fulfilled.kind, fulfilled.elapsed_us) == ("fulfilled", 10 * HOUR)
    assert story.told(status_changed(21 * HOUR, "closed")).last == []


def test_a_breached_clock_keeps_its_due_time_over_a_pause() -> None:
    story = Story(book_of(resolution=RESOLUTION)).alarm()
    story.told(status_changed(30 * HOUR, "pending"), status_changed(40 * HOUR, "open"))
    clock = story.standing().clocks["resolution"]
    assert (clock.state, clock.due_at_us, clock.spent_us) == ("breached", 24 * HOUR, 30 * HOUR)
    assert story.state.next_alarm_us == NEVER


def test_a_bot_that_solves_stops_the_first_response_and_the_reopening_starts_it_anew() -> None:
    story = Story(FIRST, customer_wrote(0), status_changed(5 * MINUTE, "solved"))
    assert brief(story.last) == [("paused", 1, 5)]
    story.told(conversation_reopened(48 * HOUR, "x"), status_changed(48 * HOUR, "open"))
    story.told(agent_replied(48 * HOUR + 10 * MINUTE))
    (fulfilled,) = story.last
    assert (fulfilled.kind, fulfilled.cycle) == ("fulfilled", 2)
    assert fulfilled.elapsed_us == 10 * MINUTE


def test_a_reopening_after_an_answer_waits_for_the_customer() -> None:
    story = Story(FULL, customer_wrote(0), agent_replied(1), status_changed(2, "solved"))
    story.told(conversation_reopened(HOUR, "x"))
    assert set(story.standing().clocks) == {"resolution"}
    story.told(customer_wrote(2 * HOUR))
    assert {event.clock: event.cycle for event in story.last} == {
        "first_response": 2,
        "next_response": 2,
    }


def test_leaving_a_resolved_status_is_a_reopening() -> None:
    story = Story(FULL, status_changed(HOUR, "solved"), status_changed(2 * HOUR, "pending"))
    assert ("activated", "resolution", 2) in [event[:3] for event in story.last]
    assert story.standing().clocks["resolution"].state == "paused"


def test_a_reopening_of_what_is_open_is_a_repetition() -> None:
    story = Story(
        FULL, customer_wrote(0), conversation_reopened(5, "x"), conversation_opened(6, "x")
    )
    assert story.last == []
    assert story.standing().cycle == 1


def test_the_next_response_waits_from_the_oldest_unanswered_message() -> None:
    story = Story(FULL, customer_wrote(0), agent_replied(10 * MINUTE))
    story.told(customer_wrote(30 * MINUTE), customer_wrote(50 * MINUTE))
    waiting = story.standing().clocks["next_response"]
    assert (waiting.cycle, waiting.due_at_us) == (2, 150 * MINUTE)
    story.told(agent_replied(40 * MINUTE))
    waiting = story.standing().clocks["next_response"]
    assert (waiting.cycle, waiting.due_at_us) == (3, 170 * MINUTE)


def test_an_acknowledgement_is_a_first_response_and_not_an_answer() -> None:
    story = Story(FULL, customer_wrote(0), agent_replied(10 * MINUTE, answers=False))
    assert [event.clock for event in story.last] == ["first_response"]
    assert story.standing().clocks["next_response"].is_open


def test_an_alarm_that_was_moved_or_cancelled_does_not_sound() -> None:
    story = Story(FIRST, customer_wrote(30 * MINUTE), customer_wrote(10 * MINUTE))
    story.told(agent_replied(20 * MINUTE))
    assert pass_time(story.state, 90 * MINUTE, FIRST) == []
    assert story.state.next_alarm_us == NEVER


def test_a_fact_that_is_no_longer_true_is_taken_back() -> None:
    story = Story(FIRST, customer_wrote(0), agent_replied(40 * MINUTE), agent_replied(50 * MINUTE))
    outcome = apply_all(story.state, (), FIRST, taken_back=(agent_replied(40 * MINUTE),))
    assert brief(outcome) == [("fulfilled", -1, 40), ("fulfilled", 1, 50)]
    again = (agent_replied(40 * MINUTE),)
    before = deepcopy(story.state)
    with pytest.raises(NeverAppliedError, match="was never applied"):
        apply_all(story.state, (customer_wrote(HOUR),), FIRST, taken_back=again)
    with pytest.raises(NeverAppliedError, match="was never applied"):
        check_applied(story.state, again)
    assert story.state == before


def test_an_opening_is_taken_back_with_its_promises() -> None:
    story = Story(FIRST, customer_wrote(0))
    outcome = apply_all(story.state, (), FIRST, taken_back=(conversation_opened(0, "x"),))
    assert [(event.kind, event.sign) for event in outcome] == [
        ("policy_applied", -1),
        ("activated", -1),
    ]
    assert story.state.next_alarm_us == NEVER


def test_a_status_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no status 'asleep'; known are new"):
        status_changed(0, "asleep")  # type: ignore[arg-type]


def test_of_two_openings_at_one_instant_the_one_of_the_subject_is_taken_back() -> None:
    story = Story(FIRST, conversation_opened(0, "mail"), customer_wrote(0))
    assert [event.kind for event in holding(story.state, FIRST)] == []
    apply_all(story.state, (), FIRST, taken_back=(conversation_opened(0, "mail"),))
    assert [one.subject.channel for one in story.state.openings] == ["x"]
    assert "activated" in [event.kind for event in holding(story.state, FIRST)]


def test_an_opening_that_now_has_another_subject_is_taken_back_by_its_instant() -> None:
    story = Story(FIRST)
    apply_all(story.state, (), FIRST, taken_back=(conversation_opened(0, "x", "acme", "high"),))
    assert story.state.openings == []


def test_what_is_taken_back_names_the_place_that_it_was_told_in() -> None:
    story = Story(FIRST)
    apply_all(story.state, (customer_wrote(0),), FIRST, told_in=1)
    pass_time(story.state, HOUR, FIRST, told_in=2)
    outcome = apply_all(story.state, (agent_replied(50 * MINUTE),), FIRST, told_in=3)
    assert [(event.kind, event.sign, event.told_in) for event in outcome] == [
        ("withdrawn", -1, 2),
        ("fulfilled", 1, 3),
    ]
    places = {event.kind: event.told_in for event in holding(story.state, FIRST)}
    assert places == {"policy_applied": 0, "activated": 1, "fulfilled": 3}


def test_a_long_conversation_is_remembered_in_bounded_space() -> None:
    story = Story(FULL)
    for minute in range(1, 1000):
        wrote = minute % 3
        story.told(customer_wrote(minute * MINUTE) if wrote else agent_replied(minute * MINUTE))
    assert len(story.state.rows) <= MAX_ROWS
    assert len(story.state.openings) == 0
    assert story.standing().next_responses == 333


def test_what_is_too_old_to_be_remembered_changes_nothing_and_is_no_error() -> None:
    story = Story(FULL)
    story.told(*(customer_wrote(minute * MINUTE) for minute in range(1, MAX_ROWS + 1)))
    before = deepcopy(story.state)
    assert story.told(agent_replied(5 * MINUTE)).last == []
    old = (customer_wrote(MINUTE), agent_replied(7 * MINUTE))
    assert apply_all(story.state, (), FULL, taken_back=old) == []
    assert story.state == before
    story.told(agent_replied((MAX_ROWS - 3) * MINUTE))
    assert ("fulfilled", -1) not in [(event.kind, event.sign) for event in story.last]
    assert "fulfilled" in [event.kind for event in story.last]
