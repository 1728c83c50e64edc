"""What the lane makes of recorded conversations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from careline.event.v1.event_pb2 import Event, TimelineEnded, Unrecognised
from careline.sla.v1.clocks_pb2 import ClockEvent, ClockEventKind
from services.kernel.lane.records import REASON_HEADER
from services.kernel.testing.harness import LaneHarness
from services.sla.domain.policy_data import book_from_mapping
from services.sla.handlers import RunClocks
from services.sla.streams import lane_spec
from services.sla.tables import CONVERSATIONS

START_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000
DAY = 24 * 60
DEAD_LETTERS = "conversation.event-recorded.v1.dlq"

Told: TypeAlias = Callable[..., list[str]]


def run(lane: LaneHarness, *events: Event) -> list[Event]:
    """Feed the events, a record each, and return what came of them."""
    before = len(lane.events())
    for event in events:
        lane.feed(event)
    lane.flush()
    return lane.events()[before:]


def test_an_opening_applies_the_policy_and_a_message_starts_the_clock(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    (opened,) = run(lane, events.opened())
    assert told(opened) == ["first_response policy_applied@0", "first_response activated@0"]
    assert (opened.sla.conversation_id, opened.sla.brand_id, opened.sla.channel) == (
        "cv_1",
        "air",
        "x",
    )
    assert opened.sla.events[1] == ClockEvent(
        clock="first_response",
        cycle=1,
        kind=ClockEventKind.CLOCK_EVENT_KIND_ACTIVATED,
        sign=1,
        at_us=START_US,
        due_at_us=START_US + 60 * MINUTE_US,
        target_us=60 * MINUTE_US,
        policy_id="x",
        policy_version="1",
    )


def test_a_reply_in_time_fulfils_and_nothing_is_breached(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    reply = events.told(40, "reply", "first_response", "open")
    made = run(lane, events.opened(), reply, events.tick(500))
    assert told(*made[1:]) == ["first_response fulfilled@40"]
    assert made[1].sla.events[0].elapsed_us == 40 * MINUTE_US
    assert len(made) == 3


def test_a_reply_at_the_due_time_is_in_time(lane: LaneHarness, events: Any, told: Told) -> None:
    made = run(lane, events.opened(), events.told(60, "reply"), events.tick(500))
    assert told(*made[1:]) == ["first_response fulfilled@60"]


def test_a_quiet_partition_breaches_by_ticks_once(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.opened())
    assert [event.event_id for event in run(lane, events.tick(60))] == ["tick"]
    breached, tick = run(lane, events.tick(61))
    assert told(breached) == ["first_response breached@60"]
    assert tick.event_id == "tick"
    assert [event.event_id for event in run(lane, *map(events.tick, range(62, 200)))] == (
        ["tick"] * 138
    )


def test_an_alarm_tells_an_event_of_its_own(lane: LaneHarness, events: Any) -> None:
    opened = events.opened()
    run(lane, opened)
    breached, _ = run(lane, events.tick(61))
    due_at_us = START_US + 60 * MINUTE_US
    expected = Event(
        event_id=f"sla/cv_1/first_response.1.breached/{due_at_us}",
        organisation_id="acme",
        brand_id="air",
        channel="x",
        account_id="acmehelp",
        timeline="live",
        occurred_at_us=due_at_us,
        accepted_at_us=due_at_us,
        thread_key="acme/x/1",
    )
    expected.timer_elapsed.timer_id = "cv_1/first_response.1.breached"
    part = expected.conversation
    part.conversation_id, part.ordinal, part.brand_id, part.channel = "cv_1", 1, "air", "x"
    expected.sla.CopyFrom(breached.sla)
    assert breached == expected
    assert (breached.sla.conversation_id, breached.sla.brand_id) == ("cv_1", "air")


def test_the_reply_that_comes_after_the_breach_finds_it_told_already(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    made = run(lane, events.opened(), events.told(90, "reply"))
    assert [told(event) for event in made[1:]] == [
        ["first_response breached@60"],
        ["first_response fulfilled@90"],
    ]


def test_warnings_and_breaches_of_one_instant_are_events_of_their_own(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    made = run(lane, events.opened(channel="web_chat"), events.tick(5000))
    assert [told(event) for event in made[1:-1]] == [
        ["first_response warned@45"],
        ["first_response breached@60"],
        ["resolution breached@600"],
    ]
    assert len({event.event_id for event in made}) == 5


def test_a_late_reply_withdraws_the_breach_in_its_own_bucket(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.opened(), events.tick(200))
    (late,) = run(lane, events.told(50, "reply"))
    assert told(late) == ["-first_response withdrawn@60", "first_response fulfilled@50"]
    assert late.sla.events[0].kind == ClockEventKind.CLOCK_EVENT_KIND_WITHDRAWN


def test_an_earlier_message_moves_the_breach_by_a_pair(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.opened(30), events.tick(200))
    (late,) = run(lane, events.told(10, "-opened@30", "opened@10", "contact@10"))
    assert told(late) == [
        "-first_response policy_applied@30",
        "-first_response activated@30",
        "-first_response breached@90",
        "first_response policy_applied@10",
        "first_response activated@10",
        "first_response breached@70",
    ]


def test_a_status_that_pauses_moves_the_due_time(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    opened = events.told(0, "opened", channel="web_chat")
    paused = events.told(60, "pending", channel="web_chat")
    resumed = events.told(180, "open", channel="web_chat")
    run(lane, opened, paused, resumed)
    assert told(*run(lane, events.tick(719))) == []
    assert told(*run(lane, events.tick(721))) == ["resolution breached@720"]


def test_a_reopening_begins_the_next_cycle(lane: LaneHarness, events: Any, told: Told) -> None:
    run(
        lane,
        events.opened(),
        events.told(10, "reply", "first_response", "open"),
        events.told(20, "solved", "was_solved"),
    )
    (reopened,) = run(lane, events.told(100, "reopened", "open", "contact"))
    assert told(reopened) == [
        "first_response policy_applied@100",
        "first_response activated@100",
    ]
    assert {one.cycle for one in reopened.sla.events} == {2}
    assert told(*run(lane, events.tick(161))) == ["first_response breached@160"]


def test_what_moves_no_clock_goes_on_untouched(lane: LaneHarness, events: Any) -> None:
    run(lane, events.opened())
    unknown = events.bare(4)
    unknown.unrecognised.CopyFrom(Unrecognised(type="poll", payload=b"{}"))
    ended = events.bare(5)
    ended.timeline_ended.CopyFrom(TimelineEnded(run_id="r"))
    newer = events.told(6)
    newer.conversation.facts.add(kind=99, sign=1, at_us=START_US)
    given = [
        events.told(1, "contact"),
        events.told(2),
        events.tick(3),
        unknown,
        ended,
        newer,
        events.told(7, "contact", conversation="never-opened"),
    ]
    copies = [Event.FromString(event.SerializeToString()) for event in given]
    assert run(lane, *given) == copies


def test_without_a_promise_nothing_is_told_and_it_is_forgotten_all_the_same(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    opened = events.opened(channel="mail")
    closed = events.told(9, "closed", "was_closed", channel="mail")
    assert told(*run(lane, opened, events.tick(5), closed)) == []
    run(lane, events.tick(8 * DAY))
    assert lane.core.find(CONVERSATIONS, "cv_1") is None


def test_timelines_keep_their_time_apart(lane: LaneHarness, events: Any, told: Told) -> None:
    made = run(lane, events.opened(timeline="replay-1"), events.tick(500))
    assert told(*made[1:]) == []
    breached, _ = run(lane, events.tick(500, "replay-1"))
    assert told(breached) == ["first_response breached@60"]
    assert breached.timeline == "replay-1"


def test_a_conversation_that_goes_on_live_has_its_alarms_there(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.opened(timeline="replay-1"), events.told(1, "contact"))
    assert told(*run(lane, events.tick(500, "replay-1"))) == []
    run(lane, events.told(3, "contact", timeline="replay-1"))
    assert told(*run(lane, events.tick(900, "replay-1"))) == []
    breached, _ = run(lane, events.tick(61))
    assert (told(breached), breached.timeline) == (["first_response breached@60"], "live")


def test_a_breach_is_withdrawn_for_the_brand_and_in_the_timeline_that_counted_it(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.opened(timeline="replay-1"), events.tick(100, "replay-1"))
    late = events.told(50, "reply", brand="rail")
    correction, forwarded = run(lane, late)
    assert told(correction) == ["-first_response withdrawn@60"]
    assert (correction.timeline, correction.brand_id, correction.sla.brand_id) == (
        "replay-1",
        "air",
        "air",
    )
    assert correction.event_id == f"sla/cv_1/{late.event_id}/0"
    assert correction.WhichOneof("body") is None
    assert correction.occurred_at_us == START_US + 50 * MINUTE_US
    assert told(forwarded) == ["first_response fulfilled@50"]
    assert (forwarded.timeline, forwarded.sla.brand_id) == ("live", "rail")


def test_a_closed_conversation_is_forgotten_after_a_week(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    closed = events.told(20, "closed", "was_closed")
    run(lane, events.opened(), events.told(10, "reply"), closed)
    run(lane, events.tick(20 + 7 * DAY))
    assert lane.core.find(CONVERSATIONS, "cv_1") is not None
    run(lane, events.tick(21 + 7 * DAY))
    assert lane.core.find(CONVERSATIONS, "cv_1") is None
    assert not [key for key in lane.changelog[0] if b"cv_1" in key]


def test_a_fact_of_a_forgotten_conversation_goes_on_without_clocks(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    run(lane, events.opened(), events.told(20, "closed", "was_closed"), events.tick(8 * DAY))
    late = events.told(5, "-opened@0", "opened@-1", "contact", status="closed")
    in_two = events.told(5, "opened@-2", status="closed")
    assert told(*run(lane, late, in_two, events.told(6, "reply"), events.tick(9 * DAY))) == []
    assert lane.core.find(CONVERSATIONS, "cv_1") is None


def test_what_opens_and_closes_at_once_has_its_clocks(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    at_once = events.told(0, "opened", "closed", "was_closed", channel="web_chat", status="closed")
    assert "resolution fulfilled@0" in told(*run(lane, at_once))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (("asleep",), "the fact's status is 'asleep'; known are new, open"),
        (("-reply@3",), "conversation cv_1: the fact of code 6 at .* was never applied"),
    ],
)
def test_facts_that_cannot_be_are_dead_letters(
    lane: LaneHarness, events: Any, facts: tuple[str, ...], reason: str
) -> None:
    run(lane, events.opened())
    assert run(lane, events.told(5, *facts)) == []
    (letter,) = lane.written(DEAD_LETTERS)
    assert re.match(reason, dict(letter.headers)[REASON_HEADER].decode())


def test_a_fact_without_kind_sign_or_conversation_is_a_dead_letter(
    lane: LaneHarness, events: Any
) -> None:
    unsigned, no_kind, nameless = (events.opened() for _ in range(3))
    unsigned.conversation.facts[0].sign = 0
    no_kind.conversation.facts[0].kind = 0
    nameless.conversation.conversation_id = ""
    assert run(lane, unsigned, no_kind, nameless) == []
    reasons = [dict(letter.headers)[REASON_HEADER] for letter in lane.written(DEAD_LETTERS)]
    assert reasons == [
        b"a fact's sign is 0; it is 1, or -1 to take it back",
        b"a fact has no kind",
        b"the event has facts, but no conversation_id",
    ]


def _book(version: int, within: str) -> Any:
    return book_from_mapping(
        {
            "calendars": [{"id": "always", "version": 1, "time_zone": "UTC", "hours": None}],
            "policies": [
                {
                    "id": "p",
                    "version": version,
                    "calendar": "always",
                    "targets": {"first_response": {"within": within}},
                }
            ],
        }
    )


def test_a_conversation_keeps_the_policy_that_it_began_with(events: Any, told: Told) -> None:
    old, new = _book(1, "1h"), _book(2, "10m")
    before = LaneHarness(lane_spec(old), lambda: RunClocks(old))
    run(before, events.opened())
    after = LaneHarness(lane_spec(new), lambda: RunClocks(new))
    group = before.core.close(clean=True)
    after.changelog[0] = dict(before.changelog[0]) | {
        key: value for key, value in group.changes[0] if value is not None
    }
    after.inputs, after.committed = before.inputs, before.committed
    after.start()
    made = run(after, events.opened(5, conversation="2"), events.tick(500))
    assert [
        (event.sla.conversation_id, one.policy_version, told(event)[-1])
        for event in made[1:-1]
        for one in event.sla.events
    ] == [
        ("cv_2", "2", "first_response breached@15"),
        ("cv_1", "1", "first_response breached@60"),
    ]


def test_a_policy_that_changed_under_its_version_stops_the_lane(events: Any) -> None:
    old, changed = _book(1, "1h"), _book(1, "2h")
    before = LaneHarness(lane_spec(old), lambda: RunClocks(old))
    run(before, events.opened())
    after = LaneHarness(lane_spec(old), lambda: RunClocks(changed))
    after.changelog, after.inputs, after.committed = (
        before.changelog,
        before.inputs,
        before.committed,
    )
    after.start()
    with pytest.raises(ValueError, match="'p' version '1' has changed its content"):
        after.feed(events.tick(100))


def test_another_book_is_another_decision_version() -> None:
    assert lane_spec(_book(1, "1h")).decision_version != lane_spec(_book(2, "1h")).decision_version
