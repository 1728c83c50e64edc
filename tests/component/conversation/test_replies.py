"""A reply leaves the lane for its account's sender, and counts when it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from careline.channel.v1.replies_pb2 import ReplyProgressed, ReplyRequested, ReplyState
from careline.event.v1.event_pb2 import Event
from services.conversation.replies import REPLIES_TOPIC
from services.kernel.lane.records import REASON_HEADER
from services.kernel.partitioning import partition_of
from services.kernel.testing.harness import Instant, LaneHarness

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000

Told = Callable[[Event], list[str]]


def run(lane: LaneHarness, *events: Event) -> list[Event]:
    before = len(lane.events())
    lane.feed(*events)
    lane.flush()
    return lane.events()[before:]


def written(events: Any, author: str, second: int, message_id: str, **more: Any) -> Event:
    reply_address = more.pop("reply_address", "")
    event: Event = events.message(author, second, **more)
    event.message.message_id = message_id
    event.message.reply_address = reply_address
    return event


def asked(events: Any, second: int, reply_id: str = "r1", **more: Any) -> Event:
    event: Event = events.bare(second, **more)
    # It came in by the organisation's own system.
    event.account_id = "desk"
    event.reply_requested.CopyFrom(ReplyRequested(reply_id=reply_id, text="Done."))
    return event


def progressed(events: Any, second: int, state: str, message_id: str = "", **more: Any) -> Event:
    event: Event = events.bare(second)
    value = ReplyState.Value(f"REPLY_STATE_{state}")
    told = ReplyProgressed(reply_id="r1", state=value, message_id=message_id, **more)
    event.reply_progressed.CopyFrom(told)
    return event


def test_the_address_of_one_account_is_not_used_by_another(lane: LaneHarness, events: Any) -> None:
    first = written(events, "customer", 10, "m1", reply_address="box-1")
    elsewhere = written(events, "customer", 20, "m2")
    elsewhere.account_id = "acmehelp-2"
    run(lane, first, elsewhere, asked(events, 70))
    (sent,) = lane.events(REPLIES_TOPIC)
    assert (sent.account_id, sent.reply_requested.reply_address) == ("acmehelp-2", "")


def test_a_reply_goes_to_the_account_that_the_customer_wrote_to(
    lane: LaneHarness, events: Any
) -> None:
    request = asked(events, 70)
    first = written(events, "customer", 10, "m1", reply_address="box-1")
    *_, shown = run(lane, first, written(events, "customer", 20, "m2"), request)
    (sent,) = lane.events(REPLIES_TOPIC)
    assert (sent.event_id, sent.account_id) == (request.event_id, "acmehelp")
    told = sent.reply_requested
    assert (told.text, told.reply_address) == ("Done.", "box-1")
    assert (told.last_customer_message_id, told.last_customer_at_us) == (
        "m2",
        START_US + 20 * SECOND_US,
    )
    (record,) = lane.written(REPLIES_TOPIC)
    assert record.partition == partition_of("acme/x/acmehelp", 4)
    # In the timeline it is what was asked for, and counts nothing.
    assert shown.account_id == "acmehelp"
    assert shown.reply_requested == request.reply_requested
    assert shown.conversation.conversation_id
    assert not shown.conversation.facts


def test_a_message_that_arrives_late_is_not_the_last(lane: LaneHarness, events: Any) -> None:
    newest, late = written(events, "customer", 20, "m2"), written(events, "customer", 10, "m1")
    run(lane, newest, late, asked(events, 30))
    (sent,) = lane.events(REPLIES_TOPIC)
    assert sent.reply_requested.last_customer_message_id == "m2"


def test_a_threads_next_conversation_knows_how_to_answer(lane: LaneHarness, events: Any) -> None:
    run(
        lane,
        written(events, "customer", 10, "m1", reply_address="box-1"),
        events.status("closed", 20),
        events.message("agent", 30),
        asked(events, 40),
    )
    (sent,) = lane.events(REPLIES_TOPIC)
    assert sent.reply_requested.last_customer_message_id == "m1"
    assert sent.reply_requested.reply_address == "box-1"


def test_a_thread_that_nobody_wrote_in_is_answered_as_it_was_asked(
    lane: LaneHarness, events: Any
) -> None:
    (shown,) = run(lane, asked(events, 10))
    (sent,) = lane.events(REPLIES_TOPIC)
    assert sent.account_id == "desk"
    assert sent.reply_requested.last_customer_at_us == 0
    assert not shown.HasField("conversation")


def test_a_replayed_reply_does_not_go_out(lane: LaneHarness, events: Any) -> None:
    run(lane, events.message("customer", 10), asked(events, 20, timeline="replay-1"))
    assert lane.events(REPLIES_TOPIC) == []


def test_a_reply_without_an_id_is_put_aside(lane: LaneHarness, events: Any) -> None:
    assert run(lane, asked(events, 10, reply_id="")) == []
    (letter,) = lane.written("insight.event-understood.v1.dlq")
    assert b"has no id" in dict(letter.headers)[REASON_HEADER]


def test_a_sent_reply_counts_as_the_agents_message(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    _, sent = run(lane, events.message("customer", 10), progressed(events, 70, "SENT", "p1"))
    assert told(sent) == ["reply@70", "first_response@70+60", "status@70=open"]
    assert sent.conversation.status == "open"


@pytest.mark.parametrize("state", ["ATTEMPTED", "DELAYED", "REFUSED", "UNKNOWN"])
def test_what_was_not_sent_stands_in_the_timeline_and_does_not_count(
    lane: LaneHarness, events: Any, state: str
) -> None:
    _, shown = run(lane, events.message("customer", 10), progressed(events, 70, state))
    assert shown.conversation.conversation_id
    assert shown.conversation.status == "new"
    assert not shown.conversation.facts


def test_the_platforms_echo_of_a_sent_reply_is_the_same_message(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    _, sent, echo = run(
        lane,
        events.message("customer", 10),
        progressed(events, 70, "SENT", "p1"),
        written(events, "agent", 70, "p1"),
    )
    assert "reply@70" in told(sent)
    assert told(echo) == []
    assert echo.conversation.conversation_id == sent.conversation.conversation_id


def test_an_echo_that_arrives_first_is_the_message_and_the_report_is_none(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    _, echo, sent = run(
        lane,
        events.message("customer", 10),
        written(events, "agent", 70, "p1"),
        progressed(events, 71, "SENT", "p1"),
    )
    assert "reply@70" in told(echo)
    assert told(sent) == []


def test_a_long_reply_counts_once(lane: LaneHarness, events: Any, told: Told) -> None:
    _, first, second, echo = run(
        lane,
        events.message("customer", 10),
        progressed(events, 70, "SENT", "p1", part=0, parts=2),
        progressed(events, 71, "SENT", "p2", part=1, parts=2),
        written(events, "agent", 71, "p2"),
    )
    assert "reply@70" in told(first)
    assert told(second) == told(echo) == []


def test_a_bots_reply_is_no_agents_reply_and_neither_is_its_echo(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    _, sent, echo = run(
        lane,
        events.message("customer", 10),
        progressed(events, 70, "SENT", "p1", by_bot=True),
        written(events, "agent", 70, "p1"),
    )
    assert told(sent) == told(echo) == []
    assert sent.conversation.conversation_id


def test_messages_without_an_id_are_never_taken_for_each_other(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    _, first, second = run(
        lane,
        events.message("customer", 10),
        progressed(events, 70, "SENT"),
        events.message("agent", 80),
    )
    assert "reply@70" in told(first)
    assert told(second) == ["reply@80"]


@pytest.mark.parametrize("instant", Instant)
def test_a_crash_asks_for_a_reply_once(lane: LaneHarness, events: Any, instant: Instant) -> None:
    lane.feed(written(events, "customer", 10, "m1"), asked(events, 20))
    lane.flush(dying=instant)
    lane.flush()
    requests = lane.events(REPLIES_TOPIC)
    # Written again it carries the same source, by which the sender's lane drops it.
    assert {request.source.offset for request in requests} == {0}
    assert {request.reply_requested.last_customer_message_id for request in requests} == {"m1"}
