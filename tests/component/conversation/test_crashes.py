"""Whatever instant the process dies at, the result is as if it had not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from careline.conversation.v1.facts_pb2 import FactKind
from careline.event.v1.event_pb2 import Event
from services.kernel.lane.records import Output
from services.kernel.testing.harness import Instant, LaneHarness

LANE_OUTPUT = "conversation.event-recorded.v1"

# Author or status, second, thread, brand, timeline, party. The window is 1,000 seconds, so that
# conversations reopen, close by time and begin anew.
happening = st.tuples(
    st.sampled_from(
        [
            "customer",
            "customer",
            "agent",
            "bot",
            "new",
            "open",
            "pending",
            "solved",
            "solved",
            "closed",
            "tick",
            "assigned",
        ]
    ),
    st.one_of(st.integers(1, 50), st.integers(1, 5_000)),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["", "air", "rail"]),
    st.sampled_from(["live", "live", "replay-1"]),
    st.sampled_from(["ann", "ben"]),
)
Happening = tuple[str, int, str, str, str, str]

# Records of events; after each: go on, flush, or die while flushing.
records = st.lists(
    st.tuples(
        st.lists(happening, min_size=1, max_size=6),
        st.sampled_from([None, "flush", *Instant]),
    ),
    min_size=1,
    max_size=12,
)
Records = list[tuple[list[Happening], Instant | str | None]]


def build(make: Any, number: int, one: Happening) -> Event:
    what, second, thread, brand, timeline, party = one
    event: Event
    if what == "tick":
        return make.tick(second, timeline)  # type: ignore[no-any-return]
    if what == "assigned":
        return make.assigned(party, f"cu_{number}", number, second)  # type: ignore[no-any-return]
    more = {"thread": thread, "brand": brand, "timeline": timeline}
    if what in {"customer", "agent", "bot"}:
        event = make.message(what, second, party=party, customer=f"cu_{party}", **more)
    else:
        event = make.status(what, second, assignee=party, **more)
    return event


@settings(max_examples=150, deadline=None)
@given(records)
def test_deaths_leave_no_trace(
    make_lane: Callable[[], LaneHarness],
    make_events: Callable[[], Any],
    taken_once: Callable[[Sequence[Output]], list[Event]],
    fed: Records,
) -> None:
    make, number = make_events(), 0
    dying, steady = make_lane(), make_lane()
    for happenings, then in fed:
        batch = []
        for one in happenings:
            number += 1
            batch.append(build(make, number, one))
        dying.feed(*batch)
        steady.feed(*batch)
        if isinstance(then, Instant):
            dying.flush(dying=then)
        elif then:
            dying.flush()
    dying.flush()
    steady.flush()
    assert taken_once(dying.written(LANE_OUTPUT)) == taken_once(steady.written(LANE_OUTPUT))
    assert dying.changelog == steady.changelog


@settings(max_examples=150, deadline=None)
@given(st.lists(happening, min_size=1, max_size=40))
def test_every_conversation_is_told_once_whatever_comes_late(
    make_lane: Callable[[], LaneHarness],
    make_events: Callable[[], Any],
    happenings: list[Happening],
) -> None:
    """Closings by time and by agents, late arrivals, several brands and timelines: all at once."""
    make, lane = make_events(), make_lane()
    lane.feed(*(build(make, number, one) for number, one in enumerate(happenings, 1)))
    lane.flush()
    assert not lane.written("insight.event-understood.v1.dlq")
    events = lane.events()
    ids = [event.event_id for event in events if not event.HasField("tick")]
    assert len(ids) == len(set(ids))
    nets: Counter[tuple[object, ...]] = Counter()
    for event in events:
        part = event.conversation
        for fact in part.facts:
            assert fact.duration_us >= 0
            key = (fact.kind, fact.at_us, fact.duration_us, fact.status)
            nets[part.conversation_id, *key, part.brand_id, event.timeline] += fact.sign
            assert nets[part.conversation_id, *key, part.brand_id, event.timeline] >= 0
    opened = Counter(key[0] for key in nets.elements() if key[1] == FactKind.FACT_KIND_OPENED)
    told_of = {event.conversation.conversation_id for event in events} - {""}
    assert opened == dict.fromkeys(told_of, 1)
    contacts = sum(net for key, net in nets.items() if key[1] == FactKind.FACT_KIND_CONTACT)
    assert contacts == sum(one[0] == "customer" for one in happenings)
