"""Whatever the order of arrival, what is told comes to what the order of time would have told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.conversation.domain import recorder
from services.conversation.domain.conversation import Conversation, new_conversation
from services.conversation.domain.facts import (
    CONTACT,
    FIRST_RESPONSE,
    OPENED,
    REOPENED,
    REPLY,
    SOLVED,
    STATUS_CHANGED,
    Telling,
    Told,
)
from services.conversation.domain.recorder import Recorder

# Longer than the span of the generated events: nothing closes.
RECORDER = Recorder(10_000)
RANKS = {"new": 0, "open": 1, "contact": 2, "reply": 2, "pending": 3, "on_hold": 4, "solved": 5}


class Happening(NamedTuple):
    at_us: int
    # "contact", "reply" or a status.
    what: str
    brand_id: str = "a"
    timeline: str = "live"


def record(known: Conversation, one: Happening) -> Telling:
    at_us, what, brand_id, timeline = one
    if what == "contact":
        return RECORDER.contact(known, at_us, brand_id, timeline)
    if what == "reply":
        return RECORDER.reply(known, at_us, brand_id, timeline)
    return RECORDER.change_status(known, at_us, brand_id, timeline, status=what)


def net(tellings: Iterable[tuple[Telling, str, str]]) -> dict[Told, int]:
    """Sum what tellings, each with its brand and timeline, come to; what cancels is left out."""
    sums: dict[Told, int] = {}
    for telling, brand_id, timeline in tellings:
        for back in telling.taken_back:
            sums[back] = sums.get(back, 0) - 1
        for fact in telling.facts:
            told = (*fact, brand_id, timeline)
            sums[told] = sums.get(told, 0) + 1
    return {told: total for told, total in sums.items() if total}


def told_by(happenings: Sequence[Happening]) -> tuple[Conversation, dict[Told, int]]:
    known = new_conversation("acme", "acme/x/1", "x", 1, happenings[0].at_us)
    tellings = [(record(known, one), one.brand_id, one.timeline) for one in happenings]
    return known, net(tellings)


def in_order_of_time(happenings: Iterable[Happening]) -> tuple[str, Counter[tuple[int, ...]]]:
    """Say in the plainest words what should be told: one pass, nothing late, nothing corrected."""
    ordered = sorted(happenings, key=lambda one: (one.at_us, RANKS[one.what]))
    opened = ordered[0].at_us
    told: Counter[tuple[int, ...]] = Counter({(OPENED, opened, 0): 1})
    status, replied = "new", False
    contacts = [one.at_us for one in ordered if one.what == "contact"]
    answers = [
        one.at_us
        for one in ordered
        if one.what == "reply" and contacts and one.at_us >= contacts[0]
    ]
    if answers:
        told[FIRST_RESPONSE, answers[0], answers[0] - contacts[0]] += 1

    def turn(to: str, at_us: int) -> str:
        if to != status:
            told[STATUS_CHANGED, at_us, RANKS[to]] += 1
            if status == "solved":
                told[REOPENED, at_us, 0] += 1
            if to == "solved":
                told[SOLVED, at_us, at_us - opened] += 1
        return to

    # Of one instant, messages come after "open" and before "solved", whatever their own order; so a
    # contact at the instant of a solving is already in the past of it.
    for one in ordered:
        if one.what == "contact":
            told[CONTACT, one.at_us, 0] += 1
            if status == "solved":
                status = turn("open", one.at_us)
        elif one.what == "reply":
            told[REPLY, one.at_us, 0] += 1
            if status == "new" and not replied:
                status = turn("open", one.at_us)
            replied = True
        else:
            status = turn(one.what, one.at_us)
    return status, told


def counted(nets: dict[Told, int]) -> Counter[tuple[int, ...]]:
    sums: Counter[tuple[int, ...]] = Counter()
    for (kind, at_us, duration_us, status, _, _), total in nets.items():
        sums[kind, at_us, RANKS[status] if status else duration_us] += total
    return sums


def happenings(
    latest_us: int,
    what: Sequence[str],
    brands: Sequence[str] = ("a",),
    timelines: Sequence[str] = ("live",),
) -> st.SearchStrategy[Happening]:
    return st.tuples(
        st.integers(1, latest_us),
        st.sampled_from(what),
        st.sampled_from(brands),
        st.sampled_from(timelines),
    ).map(lambda one: Happening(*one))


# Few instants, so that many things happen at one.
arrivals = st.lists(happenings(12, sorted(RANKS)), min_size=1, max_size=14)


@settings(max_examples=300, deadline=None)
@given(arrivals)
def test_any_order_of_arrival_comes_to_the_order_of_time(arrived: list[Happening]) -> None:
    known, nets = told_by(arrived)
    status, expected = in_order_of_time(arrived)
    assert counted(nets) == expected
    assert known.status == status
    assert known.contacts == sum(one.what == "contact" for one in arrived)
    assert known.replies == sum(one.what == "reply" for one in arrived)


@settings(deadline=None)
@given(arrivals.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_two_orders_of_arrival_remember_the_same(
    orders: tuple[list[Happening], list[Happening]],
) -> None:
    first, nets = told_by(orders[0])
    second, other_nets = told_by(orders[1])
    assert nets == other_nets
    for known in (first, second):
        known.told = tuple(sorted(known.told))
        # Which message followed a solving is not kept where a status had ended it before.
        known.steps = tuple(step._replace(contact_at_us=0) for step in known.steps)
    assert first == second


@settings(deadline=None)
@given(
    st.lists(
        happenings(12, sorted(RANKS), ("", "a", "b"), ("live", "replay-1")),
        min_size=1,
        max_size=14,
    )
)
def test_nothing_is_taken_back_where_it_was_not_told(arrived: list[Happening]) -> None:
    known, nets = told_by(arrived)
    assert all(total > 0 for total in nets.values())
    assert counted(nets) == in_order_of_time(arrived)[1]
    assert set(known.told) == {told for told in nets if told[0] not in {CONTACT, REPLY}}


@pytest.fixture(scope="module", params=[1, 2, 4])
def remembered(request: pytest.FixtureRequest) -> Iterator[int]:
    """Let a conversation remember little, so that short histories go beyond it."""
    bounds = ("MAX_STEPS", "MAX_EARLY_REPLIES", "MAX_RECENT_CONTACTS")
    with patch.multiple(recorder, **dict.fromkeys(bounds, request.param)):
        yield request.param


@settings(max_examples=200, deadline=None)
@given(arrived=st.lists(happenings(12, [*sorted(RANKS), "closed"]), min_size=1, max_size=14))
def test_beyond_what_is_remembered_nothing_is_told_or_taken_back_twice(
    remembered: int, arrived: list[Happening]
) -> None:
    known, nets = told_by(arrived)
    memory = (known.steps, known.early_replies, known.recent_contacts)
    assert max(map(len, memory)) <= remembered
    once = {told: total for told, total in nets.items() if told[0] not in {CONTACT, REPLY}}
    assert set(once.values()) == {1}
    assert set(known.told) <= once.keys()
    assert sum(told[0] == OPENED for told in once) == 1
    assert sum(told[0] == FIRST_RESPONSE for told in once) <= 1
