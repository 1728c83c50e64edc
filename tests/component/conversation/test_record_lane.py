"""The lane: what it adds to events, which conversation they go to, and what time brings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from careline.event.v1.event_pb2 import Event, TimelineEnded, Unrecognised
from services.conversation.domain.conversation import conversation_id_of
from services.conversation.streams import build_lane
from services.conversation.tables import (
    CONVERSATIONS,
    MAX_PARTY_CONVERSATIONS,
    PARTIES,
    party_table_key,
)
from services.kernel.lane.records import REASON_HEADER
from services.kernel.testing.harness import LaneHarness

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
WINDOW_SECONDS = 1_000

Told = Callable[[Event], list[str]]


def run(lane: LaneHarness, *events: Event) -> list[Event]:
    """Feed one record and return what came out for it."""
    before = len(lane.events())
    lane.feed(*events)
    lane.flush()
    return lane.events()[before:]


def thread_id(ordinal: int = 1, thread: str = "1") -> str:
    return conversation_id_of("acme", f"acme/x/{thread}", ordinal)


def test_an_event_carries_its_conversations_part(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    first, second = run(lane, events.message("customer", 10), events.message("agent", 70))
    assert first.conversation.conversation_id == thread_id()
    assert first.conversation.ordinal == 1
    assert first.conversation.customer_id == "cu_ann"
    assert first.conversation.brand_id == "acme-air"
    assert first.conversation.channel == "x"
    assert first.conversation.status == "new"
    assert told(first) == ["opened@10", "contact@10"]
    assert second.conversation.customer_id == "cu_ann"
    assert second.conversation.status == "open"
    assert told(second) == ["reply@70", "first_response@70+60", "status@70=open"]


def test_what_is_no_business_of_a_conversation_goes_on_untouched(
    lane: LaneHarness, events: Any
) -> None:
    ended = events.bare(3)
    ended.timeline_ended.CopyFrom(TimelineEnded(run_id="r"))
    unknown = events.bare(4)
    unknown.unrecognised.CopyFrom(Unrecognised(type="poll"))
    fed = [events.tick(1), ended, unknown, events.assigned("ann", "cu_b", 1), events.bare(5)]
    assert run(lane, *fed) == fed


def test_a_status_change_opens_the_conversation_of_an_unknown_thread(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    (event,) = run(lane, events.status("pending", 10, assignee="bo", priority="high"))
    assert told(event) == ["opened@10", "status@10=pending"]
    assert (event.conversation.assignee, event.conversation.priority) == ("bo", "high")


def test_a_bot_is_neither_contact_nor_reply_and_opens_nothing(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    before, _, during = run(
        lane, events.message("bot", 1), events.message("customer", 2), events.message("bot", 3)
    )
    assert not before.HasField("conversation")
    assert during.conversation.conversation_id == thread_id()
    assert told(during) == []


def test_a_customer_reopens_within_the_window_and_begins_anew_after_it(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.message("customer", 0), events.status("solved", 10))
    (reopening,) = run(lane, events.message("customer", 10 + WINDOW_SECONDS))
    assert told(reopening) == ["reopened@1010", "contact@1010", "status@1010=open"]
    (solving,) = run(lane, events.status("solved", 2_000))
    assert told(solving) == ["status@2000=solved", "solved@2000+2000"]
    closing, anew = run(lane, events.message("customer", 3_001))
    assert told(closing) == ["status@3000=closed", "closed@3000"]
    assert anew.conversation.conversation_id == thread_id(2)
    assert anew.conversation.ordinal == 2
    assert told(anew) == ["opened@3001", "contact@3001"]


def test_time_closes_a_solved_conversation(lane: LaneHarness, events: Any, told: Told) -> None:
    run(lane, events.message("customer", 0), events.status("solved", 10))
    assert len(run(lane, events.tick(1_010))) == 1
    closing, _ = run(lane, events.tick(1_011))
    assert closing.WhichOneof("body") == "timer_elapsed"
    assert closing.event_id == f"conversation/{thread_id()}/closed/{START_US + 1_010 * SECOND_US}"
    assert closing.occurred_at_us == START_US + 1_010 * SECOND_US
    assert closing.organisation_id == "acme"
    assert closing.brand_id == closing.conversation.brand_id == "acme-air"
    assert closing.channel == closing.conversation.channel == "x"
    assert closing.thread_key == "acme/x/1"
    assert closing.timeline == "live"
    assert closing.conversation.status == "closed"
    assert told(closing) == ["status@1010=closed", "closed@1010"]
    assert len(run(lane, events.tick(5_000))) == 1


def test_a_reopening_cancels_the_closing(lane: LaneHarness, events: Any) -> None:
    run(lane, events.message("customer", 0), events.status("solved", 10))
    run(lane, events.message("customer", 20))
    assert len(run(lane, events.tick(5_000))) == 1


def test_a_closing_set_by_an_agent_cancels_the_one_by_time(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.message("customer", 0), events.status("solved", 10))
    (closing,) = run(lane, events.status("closed", 20))
    assert told(closing) == ["status@20=closed", "closed@20"]
    assert len(run(lane, events.tick(5_000))) == 1


def test_solving_or_closing_what_is_over_changes_nothing(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.message("customer", 0), events.status("closed", 10))
    again, solved, empty = run(
        lane,
        events.status("closed", 20),
        events.status("solved", 30),
        events.status("", 40, assignee="bo"),
    )
    for event in (again, solved, empty):
        assert told(event) == []
        assert event.conversation.conversation_id == thread_id()
    assert empty.conversation.assignee == "bo"


def test_opening_what_is_closed_begins_anew(lane: LaneHarness, events: Any, told: Told) -> None:
    run(lane, events.message("customer", 0), events.status("closed", 10))
    (anew,) = run(lane, events.status("open", 20))
    assert told(anew) == ["opened@20", "status@20=open"]
    assert anew.conversation.ordinal == 2


def test_a_late_event_goes_to_the_conversation_of_its_time(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(
        lane,
        events.message("customer", 0),
        events.status("closed", 100),
        events.message("customer", 200),
    )
    to_first, between = run(lane, events.message("agent", 50), events.message("customer", 150))
    assert to_first.conversation.ordinal == 1
    assert told(to_first) == ["reply@50", "first_response@50+50", "status@50=open"]
    assert between.conversation.ordinal == 2
    assert told(between) == ["-opened@200", "opened@150", "contact@150"]


def test_a_late_message_withdraws_the_closing_that_it_should_have_prevented(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.message("customer", 0), events.status("solved", 10), events.tick(2_000))
    (late,) = run(lane, events.message("customer", 500))
    assert told(late) == [
        "-status@1010=closed",
        "-closed@1010",
        "reopened@500",
        "contact@500",
        "status@500=open",
    ]
    (solving,) = run(lane, events.status("solved", 600))
    assert told(solving) == ["status@600=solved", "solved@600+600"]
    closing, _ = run(lane, events.tick(2_001))
    assert told(closing) == ["status@1600=closed", "closed@1600"]


def test_a_message_past_the_window_closes_what_its_timer_has_not(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    """Another timeline's time has not passed: a replay that has ended never moves on."""
    run(lane, events.message("customer", 0, timeline="replay-1"))
    run(lane, events.status("solved", 10, timeline="replay-1"))
    closing, anew = run(lane, events.message("customer", 9_000))
    assert closing.timeline == "replay-1"
    assert told(closing) == ["status@1010=closed", "closed@1010"]
    assert anew.conversation.ordinal == 2
    assert len(run(lane, events.tick(9_999, "replay-1"))) == 1


def test_solving_past_the_window_only_closes_what_was_solved(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.message("customer", 0, timeline="replay-1"))
    run(lane, events.status("solved", 10, timeline="replay-1"))
    closing, again = run(lane, events.status("solved", 9_000))
    assert told(closing) == ["status@1010=closed", "closed@1010"]
    assert told(again) == []
    assert again.conversation.conversation_id == thread_id()


def test_the_conversation_keeps_the_first_brand_and_an_event_counts_for_its_own(
    lane: LaneHarness, events: Any
) -> None:
    brands = ["", "air", "", "rail"]
    out = run(lane, *(events.message("customer", n, brand=brand) for n, brand in enumerate(brands)))
    assert [event.conversation.brand_id for event in out] == ["", "air", "air", "rail"]
    (last,) = run(lane, events.message("agent", 9, brand=""))
    assert last.conversation.brand_id == "air"


def test_what_was_told_for_another_brand_or_timeline_is_taken_back_there(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.message("customer", 100, brand=""))
    correction, late = run(lane, events.message("customer", 40, brand="air", timeline="replay-1"))
    assert correction.WhichOneof("body") is None
    assert correction.event_id == f"conversation/{thread_id()}/{late.event_id}/0"
    assert (correction.timeline, correction.conversation.brand_id) == ("live", "")
    assert correction.occurred_at_us == START_US + 40 * SECOND_US
    assert correction.account_id == "acmehelp"
    assert told(correction) == ["-opened@100"]
    assert (late.timeline, late.conversation.brand_id) == ("replay-1", "air")
    assert told(late) == ["opened@40", "contact@40"]


def test_a_partys_conversations_follow_its_customer(lane: LaneHarness, events: Any) -> None:
    run(
        lane,
        events.message("customer", 0, thread="1"),
        events.message("customer", 1, thread="2"),
        events.message("customer", 2, thread="3", party="ben", customer="cu_ben"),
        events.assigned("ann", "cu_zoe", 2),
        events.assigned("ann", "cu_old", 1),
        events.assigned("nobody", "cu_x", 3),
    )
    replies = run(lane, *(events.message("agent", 9, thread=name) for name in ("1", "2", "3")))
    customers = [event.conversation.customer_id for event in replies]
    assert customers == ["cu_zoe", "cu_zoe", "cu_ben"]


def test_the_conversations_customer_is_the_first_author_by_time(
    lane: LaneHarness, events: Any
) -> None:
    first, other, earlier = run(
        lane,
        events.message("customer", 50),
        events.message("customer", 60, party="ben", customer="cu_ben"),
        events.message("customer", 40, party="eva", customer="cu_eva"),
    )
    customers = [event.conversation.customer_id for event in (first, other, earlier)]
    assert customers == ["cu_ann", "cu_ann", "cu_eva"]
    run(lane, events.assigned("ann", "cu_zoe", 1))
    (reply,) = run(lane, events.message("agent", 70))
    assert reply.conversation.customer_id == "cu_eva"


def test_a_partys_newest_conversations_are_remembered(lane: LaneHarness, events: Any) -> None:
    threads = [str(number) for number in range(MAX_PARTY_CONVERSATIONS + 5)]
    run(lane, *(events.message("customer", 0, thread=name) for name in threads))
    party = lane.core.find(PARTIES, party_table_key("acme", "ann"))
    assert party is not None
    expected = tuple(thread_id(thread=name) for name in threads[-MAX_PARTY_CONVERSATIONS:])
    assert party.conversation_ids == expected


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda event: event.ClearField("thread_key"), "no thread key"),
        (lambda event: event.ClearField("organisation_id"), "no organisation"),
        (lambda event: event.message.ClearField("author_kind"), "author kind is 0"),
        (lambda event: event.status_changed.ParseFromString(b"\x08\x63"), "status is 99"),
    ],
)
def test_an_event_that_cannot_be_placed_is_a_dead_letter_and_the_next_goes_on(
    lane: LaneHarness, events: Any, spoil: Callable[[Event], object], reason: str
) -> None:
    bad = events.message("customer", 1)
    spoil(bad)
    good = events.message("customer", 2)
    (out,) = run(lane, bad, good)
    assert out.event_id == good.event_id
    (letter,) = lane.written("insight.event-understood.v1.dlq")
    assert reason.encode() in dict(letter.headers)[REASON_HEADER]


def test_an_edit_is_not_another_message(lane: LaneHarness, events: Any) -> None:
    edit = events.message("customer", 2)
    edit.message.edited = True
    (first, edited) = run(lane, events.message("customer", 1), edit)
    assert edited.conversation.conversation_id == first.conversation.conversation_id
    assert not edited.conversation.facts


@pytest.mark.parametrize("why", ["automatic", "spam"])
def test_what_no_person_wrote_or_nobody_wants_stands_there_without_counting(
    lane: LaneHarness, events: Any, why: str
) -> None:
    other = events.message("customer", 2)
    setattr(other.message, why, True)
    (first, shown) = run(lane, events.message("customer", 1), other)
    assert shown.conversation.conversation_id == first.conversation.conversation_id
    assert not shown.conversation.facts


def test_the_window_is_part_of_the_decision_version() -> None:
    assert build_lane(60).spec.decision_version != build_lane(61).spec.decision_version


def test_a_conversation_survives_its_bytes(lane: LaneHarness, events: Any) -> None:
    run(
        lane,
        events.message("agent", 0),
        events.message("customer", 1),
        events.status("solved", 2, assignee="bo", priority="high"),
        events.message("customer", 3),
        events.status("solved", 4),
    )
    known = lane.core.find(CONVERSATIONS, thread_id())
    assert known is not None
    assert CONVERSATIONS.decode(CONVERSATIONS.encode(known)) == known
