"""Whatever instant the process dies at, a customer is told once, and only what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from careline.channel.v1.replies_pb2 import ReplyRequested
from careline.event.v1.event_pb2 import Event
from services.conversation.acknowledger import Acknowledger
from services.conversation.domain.acknowledging import APART_US, LATEST_US, AcknowledgingPolicy
from services.conversation.replies import REPLIES_TOPIC
from services.conversation.streams import lane_spec, stage
from services.kernel.lane.records import Output
from services.kernel.testing.harness import Instant, LaneHarness

LANE_OUTPUT = "conversation.event-recorded.v1"
WINDOW_SECONDS = 1_000
DAY = 24 * 3600
ACKNOWLEDGER = Acknowledger(AcknowledgingPolicy(100_000_000, ("x",)))

# Kind, second, thread, timeline: within a few acknowledgements' times, or over days.
happening = st.tuples(
    st.sampled_from(["customer", "customer", "agent", "bot", "reply", "solved", "closed", "tick"]),
    st.one_of(st.integers(1, 500), st.integers(1, 3 * DAY)),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["live", "live", "live", "replay-1"]),
)
Happening = tuple[str, int, str, str]
# Records of events; after each: go on, flush, or die while flushing.
records = st.lists(
    st.tuples(
        st.lists(happening, min_size=1, max_size=6),
        st.sampled_from([None, "flush", *Instant]),
    ),
    min_size=1,
    max_size=12,
)


def make_lane() -> LaneHarness:
    return LaneHarness(
        lane_spec(WINDOW_SECONDS, ACKNOWLEDGER), lambda: stage(WINDOW_SECONDS, ACKNOWLEDGER)
    )


def build(make: Any, one: Happening) -> Event:
    what, second, thread, timeline = one
    more = {"thread": thread, "timeline": timeline}
    event: Event
    if what == "tick":
        event = make.tick(second, timeline)
    elif what == "reply":
        event = make.bare(second, **more)
        event.reply_requested.CopyFrom(ReplyRequested(reply_id=event.event_id, text="Done."))
    elif what in {"customer", "agent", "bot"}:
        event = make.message(what, second, **more)
    else:
        event = make.status(what, second, **more)
    return event


def asked_once(lane: LaneHarness) -> list[Event]:
    """Read the senders' topic as their lane does: each position of a source once."""
    last = (-1, -1)
    events: list[Event] = []
    for event in lane.events(REPLIES_TOPIC):
        position = (event.source.offset, event.source.part)
        if position > last:
            last = position
            events.append(event)
    return events


@settings(max_examples=150, deadline=None)
@given(records)
def test_deaths_leave_no_trace(
    make_events: Callable[[], Any],
    taken_once: Callable[[Sequence[Output]], list[Event]],
    fed: list[tuple[list[Happening], Instant | str | None]],
) -> None:
    make = make_events()
    dying, steady = make_lane(), make_lane()
    for happenings, then in fed:
        batch = [build(make, one) for one in happenings]
        dying.feed(*batch)
        steady.feed(*batch)
        if isinstance(then, Instant):
            dying.flush(dying=then)
        elif then:
            dying.flush()
    dying.flush()
    steady.flush()
    assert asked_once(dying) == asked_once(steady)
    assert taken_once(dying.written(LANE_OUTPUT)) == taken_once(steady.written(LANE_OUTPUT))
    assert dying.changelog == steady.changelog


@settings(max_examples=150, deadline=None)
@given(st.lists(happening, min_size=1, max_size=40))
def test_no_customer_is_told_twice_a_day_or_without_having_written(
    make_events: Callable[[], Any], happenings: list[Happening]
) -> None:
    make, lane = make_events(), make_lane()
    lane.feed(*(build(make, one) for one in happenings))
    lane.flush()
    assert not lane.written("insight.event-understood.v1.dlq")
    told: dict[str, list[Event]] = defaultdict(list)
    for event in asked_once(lane):
        if event.reply_requested.automatic:
            told[event.thread_key].append(event)
    shown = [event for event in lane.events() if event.reply_requested.automatic]
    assert len(shown) == sum(map(len, told.values()))
    assert not any(event.conversation.facts for event in shown)
    for events in told.values():
        ids = [event.reply_requested.reply_id for event in events]
        assert len(ids) == len(set(ids))
        times = sorted(event.occurred_at_us for event in events)
        pairs = pairwise(times)
        assert all(later - earlier >= APART_US for earlier, later in pairs)
        for event in events:
            asked = event.reply_requested
            assert asked.last_customer_at_us > 0
            written = [
                1_700_000_000_000_000 + second * 1_000_000
                for what, second, thread, timeline in happenings
                if (what, timeline) == ("customer", "live") and event.thread_key.endswith(thread)
            ]
            waited = [event.occurred_at_us - at_us for at_us in written]
            assert any(100_000_000 <= waited_us <= LATEST_US for waited_us in waited)
