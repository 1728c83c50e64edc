"""A customer whom nobody answers is told once that the message has arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import msgpack

from careline.channel.v1.replies_pb2 import ReplyProgressed, ReplyRequested, ReplyState
from careline.event.v1.event_pb2 import Event
from services.conversation.acknowledger import Acknowledger
from services.conversation.domain.acknowledging import AcknowledgingPolicy, Waiting
from services.conversation.domain.conversation import conversation_id_of, new_conversation
from services.conversation.domain.wording import BUILT_IN
from services.conversation.replies import REPLIES_TOPIC
from services.conversation.streams import lane_spec, stage
from services.conversation.tables import CONVERSATIONS
from services.kernel.lane.timers import TIMERS
from services.kernel.partitioning import partition_of
from services.kernel.testing.harness import Instant, LaneHarness

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000
WINDOW_SECONDS = 100_000
HOUR = 3600
AFTER = 60
ACKNOWLEDGER = Acknowledger(AcknowledgingPolicy(AFTER * SECOND_US, ("telegram", "x")))
ID = conversation_id_of("acme", "acme/x/1", 1)

Told = Callable[[Event], list[str]]


def lane_with(acknowledger: Acknowledger) -> LaneHarness:
    return LaneHarness(
        lane_spec(WINDOW_SECONDS, acknowledger), lambda: stage(WINDOW_SECONDS, acknowledger)
    )


@pytest.fixture
def lane() -> LaneHarness:
    return lane_with(ACKNOWLEDGER)


def run(lane: LaneHarness, *events: Event, **more: Any) -> list[Event]:
    before = len(lane.events())
    lane.feed(*events, **more)
    lane.flush()
    return lane.events()[before:]


def contact(events: Any, second: int, message_id: str = "m1", **more: Any) -> Event:
    language = more.pop("language", "en")
    event: Event = events.message("customer", second, **more)
    event.message.message_id = message_id
    event.understanding.language = language
    return event


def requested(events: Any, second: int, **more: Any) -> Event:
    event: Event = events.bare(second, **more)
    event.reply_requested.CopyFrom(ReplyRequested(reply_id="r1", text="Done."))
    return event


def progressed(events: Any, second: int, reply_id: str, **more: Any) -> Event:
    event: Event = events.bare(second)
    sent = ReplyState.REPLY_STATE_SENT
    told = ReplyProgressed(reply_id=reply_id, state=sent, message_id="p1", **more)
    event.reply_progressed.CopyFrom(told)
    return event


def requests(lane: LaneHarness) -> list[Event]:
    return lane.events(REPLIES_TOPIC)


def timers(lane: LaneHarness) -> list[str]:
    return lane.core.tables(TIMERS)[0].keys()


def test_who_is_not_answered_is_told_that_the_message_has_arrived(
    lane: LaneHarness, events: Any, told: Told
) -> None:
    written = contact(events, 10)
    written.message.reply_address = "box-1"
    _, _, shown, _ = run(lane, written, contact(events, 40, "m2"), events.tick(71))
    (sent,) = requests(lane)
    assert (sent.timeline, sent.occurred_at_us) == ("live", START_US + 70 * SECOND_US)
    assert (sent.thread_key, sent.channel, sent.account_id) == ("acme/x/1", "x", "acmehelp")
    assert sent.brand_id == "acme-air"
    asked = sent.reply_requested
    assert asked.reply_id == f"acknowledge/{ID}"
    assert (asked.by_bot, asked.automatic, asked.is_public) == (True, True, False)
    assert asked.text == BUILT_IN["en"].soon
    assert (asked.reply_address, asked.last_customer_message_id) == ("box-1", "m2")
    (record,) = lane.written(REPLIES_TOPIC)
    assert record.partition == partition_of("acme/x/acmehelp", 4)
    # In the timeline it is what was asked for, and counts nothing.
    assert shown.reply_requested.text == asked.text
    assert shown.conversation.conversation_id == ID
    assert shown.conversation.status == "new"
    assert told(shown) == []


def test_it_is_no_answer(lane: LaneHarness, events: Any, told: Told) -> None:
    run(lane, contact(events, 10), events.tick(71))
    (report,) = run(lane, progressed(events, 72, f"acknowledge/{ID}", by_bot=True))
    assert told(report) == []
    answered, echo = run(lane, events.message("agent", 130), contact(events, 140))
    assert told(answered) == ["reply@130", "first_response@130+120", "status@130=open"]
    assert told(echo) == ["contact@140"]


def test_the_platforms_echo_of_it_is_no_answer(lane: LaneHarness, events: Any, told: Told) -> None:
    echo = events.message("agent", 73)
    echo.message.message_id = "p1"
    run(lane, contact(events, 10), events.tick(71))
    _, shown = run(lane, progressed(events, 72, f"acknowledge/{ID}", by_bot=True), echo)
    assert told(shown) == []


def test_it_is_written_in_the_customers_language(lane: LaneHarness, events: Any) -> None:
    first, second = contact(events, 10, language="und"), contact(events, 11, language="zh-Hans")
    run(lane, first, second, events.tick(71))
    (sent,) = requests(lane)
    assert sent.reply_requested.text == BUILT_IN["zh"].soon


def test_a_conversation_gets_one_and_a_thread_one_a_day(lane: LaneHarness, events: Any) -> None:
    run(lane, contact(events, 10), events.tick(100), contact(events, 200), events.tick(300))
    assert len(requests(lane)) == 1
    run(lane, events.status("closed", 400))
    later = 20 * HOUR
    run(
        lane, contact(events, later), events.tick(later + 100), events.message("agent", later + 200)
    )
    assert len(requests(lane)) == 1
    next_day = 25 * HOUR
    run(lane, contact(events, next_day), events.tick(next_day + 100))
    first, second = requests(lane)
    assert first.reply_requested.reply_id != second.reply_requested.reply_id
    assert first.event_id != second.event_id


@pytest.mark.parametrize("author", ["agent", "bot"])
def test_an_answer_makes_it_needless(lane: LaneHarness, events: Any, author: str) -> None:
    run(lane, contact(events, 10), events.message(author, 30))
    assert timers(lane) == []
    run(lane, events.tick(300))
    assert requests(lane) == []


def test_an_answer_on_its_way_makes_it_needless(lane: LaneHarness, events: Any) -> None:
    run(lane, contact(events, 10), requested(events, 60), events.tick(300))
    (sent,) = requests(lane)
    assert sent.reply_requested.reply_id == "r1"


def test_a_report_of_a_sent_answer_makes_it_needless(lane: LaneHarness, events: Any) -> None:
    run(lane, contact(events, 10), progressed(events, 50, "r1"), events.tick(300))
    assert requests(lane) == []


def test_a_reply_in_a_replay_and_words_of_the_system_are_no_answers(
    lane: LaneHarness, events: Any
) -> None:
    replayed = requested(events, 20, timeline="replay-1")
    run(lane, contact(events, 10), replayed, events.message("system", 30), events.tick(300))
    assert len(requests(lane)) == 1


@pytest.mark.parametrize("status", ["solved", "closed"])
def test_the_end_makes_it_needless(lane: LaneHarness, events: Any, status: str) -> None:
    run(lane, contact(events, 10), events.status(status, 30), events.tick(300))
    assert requests(lane) == []
    assert f"acknowledge/{ID}" not in timers(lane)


def test_who_writes_again_after_an_answer_waits_again(lane: LaneHarness, events: Any) -> None:
    run(lane, contact(events, 10), events.message("agent", 30), contact(events, 50, "m2"))
    run(lane, events.tick(110))
    assert requests(lane) == []
    run(lane, events.tick(111))
    (sent,) = requests(lane)
    assert sent.reply_requested.last_customer_message_id == "m2"


@pytest.mark.parametrize("flag", ["automatic", "spam", "is_public", "edited"])
def test_machines_posts_and_changed_wording_are_not_acknowledged(
    lane: LaneHarness, events: Any, flag: str
) -> None:
    written = contact(events, 10)
    setattr(written.message, flag, True)
    run(lane, written, events.tick(300))
    assert requests(lane) == []


def test_what_is_replayed_is_not_acknowledged(lane: LaneHarness, events: Any) -> None:
    replayed = contact(events, 10, timeline="replay-1")
    run(lane, replayed, events.tick(300, "replay-1"), events.tick(300))
    assert requests(lane) == []


def test_a_channel_that_is_not_named_is_not_acknowledged(lane: LaneHarness, events: Any) -> None:
    written = contact(events, 10)
    written.channel = "mail"
    run(lane, written, events.tick(300))
    assert requests(lane) == []


def test_without_a_policy_nobody_is_acknowledged(events: Any) -> None:
    lane = lane_with(Acknowledger())
    run(lane, contact(events, 10), events.tick(300))
    assert requests(lane) == []
    assert timers(lane) == []


def test_what_arrives_an_hour_late_is_not_acknowledged(lane: LaneHarness, events: Any) -> None:
    run(lane, events.tick(2 * HOUR), contact(events, HOUR - 1), events.tick(2 * HOUR + 1))
    assert requests(lane) == []
    run(lane, contact(events, HOUR + 10, thread="2"), events.tick(2 * HOUR + 2))
    (sent,) = requests(lane)
    # It is never told for an instant that had passed.
    assert sent.occurred_at_us == START_US + (2 * HOUR + 1) * SECOND_US


def test_after_hours_of_silence_of_all_channels_a_machine_is_silent_too(
    lane: LaneHarness, events: Any
) -> None:
    run(lane, contact(events, 10))
    late_ms = START_US // 1000 + (HOUR + 11) * 1000
    run(lane, events.tick(HOUR + 11), timestamp_ms=late_ms)
    assert requests(lane) == []
    conversation = lane.core.find(CONVERSATIONS, ID)
    assert conversation is not None
    assert conversation.waiting.since_us == 0


def restarted(lane: LaneHarness, acknowledger: Acknowledger) -> LaneHarness:
    """Stop in order and go on with other settings."""
    stopped = lane.core.close(clean=True).changes[0]
    after = lane_with(acknowledger)
    after.inputs, after.committed, after.outputs = lane.inputs, lane.committed, lane.outputs
    after.changelog = {
        0: {**lane.changelog[0], **{key: row for key, row in stopped if row is not None}}
    }
    after.start()
    return after


def test_a_timer_that_is_left_when_it_is_switched_off_does_nothing(
    lane: LaneHarness, events: Any
) -> None:
    run(lane, contact(events, 10))
    off = restarted(lane, Acknowledger())
    run(off, events.tick(300))
    assert requests(off) == []
    assert timers(off) == []


def test_who_was_answered_while_it_was_off_is_not_acknowledged_when_it_is_on_again(
    lane: LaneHarness, events: Any
) -> None:
    run(lane, contact(events, 10))
    off = restarted(lane, Acknowledger())
    run(off, events.message("agent", 20))
    on = restarted(off, ACKNOWLEDGER)
    run(on, events.tick(300))
    assert requests(on) == []


def test_a_conversation_of_an_earlier_version_waits_for_nothing() -> None:
    conversation = new_conversation("acme", "acme/x/1", "x", 1, START_US)
    row = msgpack.decode(CONVERSATIONS.encode(conversation))
    before = CONVERSATIONS.decode(msgpack.encode(row[:-1]))
    assert before == conversation
    conversation.waiting = Waiting(1, 2, "de", 3, acknowledged=True, acknowledged_at_us=4)
    assert CONVERSATIONS.decode(CONVERSATIONS.encode(conversation)) == conversation


@pytest.mark.parametrize("instant", Instant)
def test_a_crash_asks_for_it_once(lane: LaneHarness, events: Any, instant: Instant) -> None:
    lane.feed(contact(events, 10))
    lane.flush()
    lane.feed(events.tick(71))
    lane.flush(dying=instant)
    lane.flush()
    # Written again it carries the same source, by which the sender's lane drops it.
    assert {request.source.offset for request in requests(lane)} == {1}
    assert {request.reply_requested.reply_id for request in requests(lane)} == {f"acknowledge/{ID}"}
