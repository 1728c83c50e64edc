"""However fast time is told, and whatever instant the process dies at, the same is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from careline.event.v1.event_pb2 import Event
from careline.sla.v1.clocks_pb2 import ClockEventKind
from services.kernel.lane.records import Output
from services.kernel.testing.harness import Instant, LaneHarness
from services.sla.domain import clocks

OUTPUT = "sla.event-clocked.v1"
BREACHED = ClockEventKind.CLOCK_EVENT_KIND_BREACHED
WITHDRAWN = ClockEventKind.CLOCK_EVENT_KIND_WITHDRAWN
END = 3_000

MakeLane: TypeAlias = Callable[[], LaneHarness]
MakeEvents: TypeAlias = Callable[[], Any]

# What happens, minutes after the one before, in which conversation.
steps = st.tuples(
    st.sampled_from(
        ["contact", "contact", "reply", "pending", "open", "solved", "closed", "reopened"]
    ),
    st.integers(0, 90),
    st.sampled_from(["1", "2", "3"]),
)
Step = tuple[str, int, str]


def story(make: Any, told: Sequence[Step]) -> list[tuple[int, Event]]:
    """Return the events of three conversations in the order of time, each with its minute."""
    channels = {"1": "x", "2": "web_chat", "3": "web_chat"}
    minute = 0
    made = [
        (0, make.opened(0, conversation=one, channel=channel)) for one, channel in channels.items()
    ]
    for what, later, one in told:
        minute += later
        made.append((minute, make.told(minute, what, conversation=one, channel=channels[one])))
    return made


def of_each_conversation(lane: LaneHarness) -> dict[str, list[Event]]:
    apart: dict[str, list[Event]] = {}
    for event in lane.events():
        if event.HasField("sla"):
            apart.setdefault(event.sla.conversation_id, []).append(event)
    return apart


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=15), st.sampled_from([1, 7, 60]))
def test_a_replay_at_another_speed_tells_the_same(
    make_lane: MakeLane, make_events: MakeEvents, told: list[Step], every: int
) -> None:
    make = make_events()
    happened = story(make, told)
    ticked, unticked = make_lane(), make_lane()
    now = 0
    for minute, event in happened:
        for tick in range(now, minute, every):
            ticked.feed(make.tick(tick))
        now = minute
        ticked.feed(event)
    for tick in range(now, END, every * 10):
        ticked.feed(make.tick(tick))
    ticked.feed(make.tick(END))
    unticked.feed(*(event for _, event in happened), make.tick(END))
    ticked.flush()
    unticked.flush()
    assert of_each_conversation(ticked) == of_each_conversation(unticked)


# Conversations that are told, corrected and taken back; see below.
happenings = st.tuples(
    st.sampled_from(
        ["contact", "reply", "pending", "open", "solved", "closed", "reopened", "undo", "tick"]
    ),
    st.one_of(st.integers(0, 200), st.integers(0, 30_000)),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["air", "rail"]),
    st.sampled_from(["live", "live", "replay-1"]),
)
Happening = tuple[str, int, str, str, str]


class Told:
    """Makes events of happenings; an "undo" takes the latest fact back where it was told."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._undoable: dict[str, list[tuple[str, int, str, str]]] = {}

    def event(self, one: Happening) -> Event:
        what, minute, conversation, brand, timeline = one
        facts = self._undoable.setdefault(conversation, [])
        if what == "tick":
            event = self._make.tick(minute, timeline)
        elif not facts:
            event = self._make.opened(minute, conversation=conversation, channel="web_chat")
            facts.append(("opened", minute, "air", "live"))
        elif what == "undo":
            kind, at, brand, timeline = facts[-1]
            if len(facts) > 1:
                facts.pop()
            elif kind == "opened":
                return self._make.tick(minute)  # type: ignore[no-any-return]
            event = self._told(minute, f"-{kind}@{at}", conversation, brand, timeline)
        else:
            facts.append((what, minute, brand, timeline))
            event = self._told(minute, what, conversation, brand, timeline)
        assert isinstance(event, Event)
        return event

    def _told(self, minute: int, fact: str, conversation: str, brand: str, timeline: str) -> Event:
        event = self._make.told(
            minute, fact, conversation=conversation, brand=brand, timeline=timeline
        )
        event.conversation.channel = event.channel = "web_chat"
        assert isinstance(event, Event)
        return event


batches = st.lists(
    st.tuples(
        st.lists(happenings, min_size=1, max_size=6), st.sampled_from([None, "flush", *Instant])
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(batches, st.sampled_from([(4, 2), (128, 64)]))
def test_deaths_leave_no_trace(
    make_lane: MakeLane,
    make_events: MakeEvents,
    taken_once: Callable[[Sequence[Output]], list[Event]],
    fed: list[tuple[list[Happening], Instant | str | None]],
    memory: tuple[int, int],
) -> None:
    tell = Told(make_events())
    with patch.multiple(clocks, MAX_ROWS=memory[0], KEPT_ROWS=memory[1]):
        dying, steady = make_lane(), make_lane()
        for events, then in fed:
            batch = [tell.event(one) for one in events]
            dying.feed(*batch)
            steady.feed(*batch)
            if isinstance(then, Instant):
                dying.flush(dying=then)
            elif then:
                dying.flush()
        dying.flush()
        steady.flush()
    assert taken_once(dying.written(OUTPUT)) == taken_once(steady.written(OUTPUT))
    assert dying.changelog == steady.changelog


@settings(max_examples=150, deadline=None)
@given(st.lists(happenings, max_size=40))
def test_for_each_brand_and_timeline_what_is_told_nets_to_once_or_never(
    make_lane: MakeLane, make_events: MakeEvents, told: list[Happening]
) -> None:
    tell, lane = Told(make_events()), make_lane()
    lane.feed(*(tell.event(one) for one in told))
    lane.flush()
    nets: dict[tuple[object, ...], int] = {}
    for event in lane.events():
        part = event.sla
        for one in part.events:
            kind = BREACHED if one.kind == WITHDRAWN else one.kind
            key = (
                *(part.conversation_id, part.brand_id, part.channel, event.timeline),
                *(one.clock, one.cycle, kind, one.at_us, one.due_at_us, one.elapsed_us),
            )
            nets[key] = nets.get(key, 0) + one.sign
    assert set(nets.values()) <= {0, 1}
    ids = [event.event_id for event in lane.events() if not event.HasField("tick")]
    assert len(ids) == len(set(ids))
