"""Whatever the order in which facts come, the same is told in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain.clocks import (
    ConversationClocks,
    Outcome,
    apply,
    on_timer,
    take_back,
)
from services.sla.domain.events import ClockEvent, net
from services.sla.domain.facts import (
    AgentReplied,
    ConversationOpened,
    ConversationReopened,
    CustomerWrote,
    Fact,
    StatusChanged,
    row_of,
)
from services.sla.domain.policies import STATUSES
from services.sla.domain.policy_data import book_from_mapping
from services.sla.domain.zones import parse_instant_us

HALF_HOUR = 1800 * 1_000_000
# A Friday before the clocks change; closed on Saturday.
START = parse_instant_us("2026-03-27T06:00:00Z")
STEPS = 120
END = START + 400 * HALF_HOUR

TARGETS = {
    "first_response": {"within": "1h30m", "warn_at_percent": 66},
    "next_response": {"within": "2h", "pause_in": ["on_hold"]},
    "resolution": {"within": "8h", "warn_at_percent": 75, "pause_in": ["pending"]},
}
BOOK = book_from_mapping(
    {
        "calendars": [
            {
                "id": "office",
                "version": 1,
                "time_zone": "Europe/Berlin",
                "hours": {
                    "fri": [["09:00", "12:00"], ["13:00", "17:00"]],
                    "sun": [["00:00", "24:00"]],
                    "mon": [["09:00", "17:00"]],
                },
            },
            {"id": "always", "version": 1, "time_zone": "UTC", "hours": None},
        ],
        "policies": [
            {
                "id": "urgent",
                "version": 1,
                "calendar": "always",
                "when": {"priorities": ["urgent"]},
                "targets": TARGETS,
            },
            {
                "id": "on-x",
                "version": 1,
                "calendar": "office",
                "when": {"channels": ["x"]},
                "targets": TARGETS,
            },
        ],
    }
)

times = st.integers(0, STEPS).map(lambda step: START + step * HALF_HOUR)
channels = st.sampled_from(["x", "mail"])
priorities = st.sampled_from(["", "urgent"])
openings = st.builds(ConversationOpened, times, channels, st.just(""), priorities)
later_facts = st.one_of(
    st.builds(CustomerWrote, times),
    st.builds(AgentReplied, times, st.booleans()),
    st.builds(StatusChanged, times, st.sampled_from(STATUSES)),
    st.builds(ConversationReopened, times, st.just("x"), st.just(""), priorities),
    openings,
)
fact_lists = st.builds(
    lambda opening, more: [opening, *more], openings, st.lists(later_facts, max_size=14)
)
encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Lane:
    """Drives a conversation as a partition does: time moves by facts and ticks only."""

    def __init__(self) -> None:
        self.state = ConversationClocks()
        self.events: list[ClockEvent] = []
        self.timers: dict[str, int] = {}
        self.watermark_us = -1

    def run(self, moves: Sequence[Fact | int]) -> Lane:
        """Take facts and ticks (plain instants), then let time pass to the end."""
        for move in (*moves, END):
            self.advance(move if isinstance(move, int) else move.at_us)
            if not isinstance(move, int):
                self.take(apply(self.state, move, BOOK))
        return self

    def advance(self, at_us: int) -> None:
        if at_us <= self.watermark_us:
            return
        self.watermark_us = at_us
        while due := [one for one in self.timers.items() if one[1] < at_us]:
            timer_id, due_at_us = min(due, key=lambda one: (one[1], one[0]))
            del self.timers[timer_id]
            self.take(on_timer(self.state, timer_id, due_at_us))

    def take(self, outcome: Outcome) -> None:
        self.events += outcome.events
        for move in outcome.timers:
            self.timers.pop(move.timer_id, None)
            if not hasattr(move, "due_at_us"):
                continue
            self.timers[move.timer_id] = move.due_at_us
        assert self.timers == self.state.timers


def moment(fact: Fact) -> tuple[object, ...]:
    """Order facts by time, then by kind, then by what they say."""
    return (*row_of(fact), *astuple(fact))


def in_order(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=moment)


@settings(max_examples=50, deadline=None)
@given(fact_lists, st.lists(times, max_size=3), st.data())
def test_any_order_ends_in_the_same_net_events_as_the_order_of_time(
    facts: list[Fact], ticks: list[int], data: st.DataObject
) -> None:
    moves: list[Fact | int] = [*facts, *ticks]
    shuffled = Lane().run(data.draw(st.permutations(moves)))
    straight = Lane().run(in_order(facts))
    assert net(shuffled.events) == net(straight.events)
    assert shuffled.state.standing == straight.state.standing


@settings(max_examples=20, deadline=None)
@given(fact_lists)
def test_in_the_order_of_time_nothing_is_ever_corrected(facts: list[Fact]) -> None:
    first = min((fact for fact in facts if isinstance(fact, ConversationOpened)), key=moment)
    since = [fact for fact in facts if moment(fact) > moment(first)]
    lane = Lane().run([first, *in_order(since)])
    assert all(event.sign == 1 for event in lane.events)
    assert lane.events == lane.state.told
    assert lane.events == sorted(lane.events, key=lambda event: event.at_us)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_what_was_told_nets_to_what_holds(data: st.DataObject) -> None:
    lane = Lane().run(data.draw(fact_lists))
    assert net(lane.events) == dict.fromkeys(lane.state.told, 1)


@settings(max_examples=20, deadline=None)
@given(fact_lists, later_facts, st.data())
def test_a_fact_taken_back_leaves_no_trace(
    facts: list[Fact], wrong: Fact, data: st.DataObject
) -> None:
    order = data.draw(st.permutations([*facts, wrong]))
    lane = Lane().run(order)
    lane.take(take_back(lane.state, wrong, BOOK))
    lane.advance(END + 1)
    assert net(lane.events) == net(Lane().run(in_order(facts)).events)


@settings(max_examples=15, deadline=None)
@given(fact_lists, st.integers(0, 15))
def test_a_restart_from_bytes_between_two_facts_changes_nothing(
    facts: list[Fact], cut: int
) -> None:
    through = Lane().run(facts)
    restarted = Lane()
    for index, fact in enumerate(facts):
        if index == cut:
            restarted.state = msgspec.msgpack.decode(
                encode(restarted.state), type=ConversationClocks
            )
        restarted.advance(fact.at_us)
        restarted.take(apply(restarted.state, fact, BOOK))
    restarted.run(())
    assert restarted.events == through.events
    assert encode(restarted.state) == encode(through.state)
