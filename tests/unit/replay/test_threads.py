from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.replay.threads import NONE, reply_roots


def roots(*parents: int) -> list[int]:
    return list(reply_roots(array("q", parents)))


def test_a_chain_ends_at_the_row_whose_parent_is_not_in_the_file() -> None:
    assert roots(NONE, 0, 1, NONE, 3, 1) == [0, 0, 0, 3, 3, 0]


def test_a_parent_may_come_after_its_reply() -> None:
    assert roots(1, 2, NONE) == [2, 2, 2]


def test_a_row_that_answers_itself_is_its_own_root() -> None:
    assert roots(0, 0) == [0, 0]


def test_a_cycle_is_broken_at_its_earliest_member() -> None:
    assert roots(NONE, 3, 1, 2, 3) == [0, 1, 1, 1, 1]


def test_an_earlier_row_outside_the_cycle_does_not_become_its_root() -> None:
    assert roots(2, NONE, 3, 2) == [2, 1, 2, 2]


def test_a_very_long_chain_is_resolved() -> None:
    length = 200_000
    assert set(roots(*range(1, length), NONE)) == {length - 1}


def naive_root(parents: list[int], start: int) -> int:
    seen = [start]
    while parents[seen[-1]] != NONE:
        following = parents[seen[-1]]
        if following in seen:
            return min(seen[seen.index(following) :])
        seen.append(following)
    return seen[-1]


@given(
    st.integers(1, 12).flatmap(lambda n: st.lists(st.integers(NONE, n - 1), min_size=n, max_size=n))
)
def test_roots_are_those_of_walking_every_chain_alone(parents: list[int]) -> None:
    assert roots(*parents) == [naive_root(parents, row) for row in range(len(parents))]
