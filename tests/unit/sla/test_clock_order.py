"""Whatever the order in which facts come, the same is told in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.domain import clocks
from services.sla.domain.clocks import (
    ConversationClocks,
    apply_all,
    holding,
    pass_time,
    standing_of,
)
from services.sla.domain.events import ClockEvent, net
from services.sla.domain.facts import (
    OPENED,
    Fact,
    agent_replied,
    code_of,
    conversation_opened,
    conversation_reopened,
    customer_wrote,
    status_changed,
)
from services.sla.domain.policies import STATUSES
from services.sla.domain.policy_data import book_from_mapping
from services.sla.domain.rules import NEVER
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
    "periodic_update": {"within": "3h"},
    "pausable_update": {"within": "2h30m", "pause_in": ["on_hold"]},
    "requester_wait": {"within": "6h"},
    "agent_work": {"within": "4h", "warn_at_percent": 50},
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
openings = st.builds(conversation_opened, times, channels, st.just(""), priorities)
later_facts = st.one_of(
    st.builds(customer_wrote, times),
    st.builds(agent_replied, times, answers=st.booleans()),
    st.builds(status_changed, times, st.sampled_from(STATUSES)),
    st.builds(conversation_reopened, times, st.just("x"), st.just(""), priorities),
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
        self.watermark_us = -1

    def run(self, moves: Sequence[Fact | int]) -> Lane:
        """Take facts and ticks (plain instants), then let time pass to the end."""
        for move in (*moves, END):
            self.advance(move if isinstance(move, int) else move.at_us)
            if not isinstance(move, int):
                self.take(move)
        return self

    def take(self, fact: Fact) -> None:
        self.events += apply_all(self.state, (fact,), BOOK)

    def advance(self, at_us: int) -> None:
        if at_us <= self.watermark_us:
            return
        self.watermark_us = at_us
        while self.state.next_alarm_us < at_us:
            self.events += pass_time(self.state, self.state.next_alarm_us, BOOK)


def in_order(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.row, fact.subject or ()))


@settings(max_examples=50, deadline=None)
@given(fact_lists, st.lists(times, max_size=3), st.data())
def test_any_order_ends_in_the_same_net_events_as_the_order_of_time(
    facts: list[Fact], ticks: list[int], data: st.DataObject
) -> None:
    moves: list[Fact | int] = [*facts, *ticks]
    shuffled = Lane().run(data.draw(st.permutations(moves)))
    straight = Lane().run(in_order(facts))
    assert net(shuffled.events) == net(straight.events)
    assert standing_of(shuffled.state, BOOK) == standing_of(straight.state, BOOK)
    assert shuffled.state.next_alarm_us == straight.state.next_alarm_us


@settings(max_examples=20, deadline=None)
@given(fact_lists)
def test_in_the_order_of_time_nothing_is_ever_corrected(facts: list[Fact]) -> None:
    told = in_order(facts)
    first = next(fact for fact in told if code_of(fact.row) == OPENED)
    lane = Lane().run([first, *told[told.index(first) + 1 :]])
    assert all(event.sign == 1 for event in lane.events)
    assert lane.events == holding(lane.state, BOOK)
    assert lane.events == sorted(lane.events, key=lambda event: event.at_us)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_what_was_told_nets_to_what_holds(data: st.DataObject) -> None:
    lane = Lane().run(data.draw(fact_lists))
    assert net(lane.events) == dict.fromkeys(holding(lane.state, BOOK), 1)


@settings(max_examples=20, deadline=None)
@given(fact_lists, later_facts, st.data())
def test_a_fact_taken_back_leaves_no_trace(
    facts: list[Fact], wrong: Fact, data: st.DataObject
) -> None:
    order = data.draw(st.permutations([*facts, wrong]))
    lane = Lane().run(order)
    lane.events += apply_all(lane.state, (), BOOK, taken_back=(wrong,))
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
            stored = replace(restarted.state, standing=None, next_alarm_us=NEVER)
            restarted.state = msgspec.msgpack.decode(encode(stored), type=ConversationClocks)
            standing_of(restarted.state, BOOK)
        restarted.advance(fact.at_us)
        restarted.take(fact)
    restarted.run(())
    assert restarted.events == through.events
    assert encode(restarted.state) == encode(through.state)


@settings(max_examples=40, deadline=None)
@given(fact_lists, st.lists(times, max_size=3), st.data())
def test_what_is_settled_early_stays_as_it_was_told(
    facts: list[Fact], ticks: list[int], data: st.DataObject
) -> None:
    told = in_order(facts)
    first = next(fact for fact in told if code_of(fact.row) == OPENED)
    moves: list[Fact | int] = [first, *told[told.index(first) + 1 :]]
    for tick in ticks:
        moves.insert(data.draw(st.integers(0, len(moves))), tick)
    patience = Lane().run(moves)
    with patch.multiple(clocks, MAX_ROWS=4, KEPT_ROWS=2):
        hasty = Lane().run(moves)
    assert hasty.events == patience.events
    assert standing_of(hasty.state, BOOK) == standing_of(patience.state, BOOK)
    assert len(hasty.state.rows) <= 4
