from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.replay.pacing import Pacer, SpeedError, parse_speed

SECOND = 1_000_000


def test_at_speed_100_a_recorded_minute_takes_600_milliseconds() -> None:
    pacer = Pacer(parse_speed("100"))
    assert pacer.due_at(5 * SECOND, now=1000.0) == 1000.0
    assert pacer.due_at(65 * SECOND, now=1000.0) == pytest.approx(1000.6)


def test_at_max_everything_is_due_at_once() -> None:
    pacer = Pacer(parse_speed("max"))
    assert pacer.due_at(0, now=7.0) == 7.0
    assert pacer.due_at(10**15, now=9.0) <= 9.0


def test_a_sender_that_fell_behind_catches_up() -> None:
    pacer = Pacer(1.0)
    pacer.due_at(0, now=100.0)
    assert pacer.due_at(10 * SECOND, now=130.0) == 110.0
    assert pacer.due_at(40 * SECOND, now=130.0) == 140.0


def test_an_empty_stretch_is_cut_short_and_what_follows_moves_with_it() -> None:
    pacer = Pacer(1.0, longest_wait=5.0)
    pacer.due_at(0, now=0.0)
    assert pacer.due_at(3600 * SECOND, now=0.0) == 5.0
    assert pacer.due_at(3600 * SECOND, now=4.0) == 5.0
    assert pacer.due_at(3602 * SECOND, now=5.0) == 7.0


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf"])
def test_an_unusable_speed_is_answered_with_what_may_stand_there(text: str) -> None:
    with pytest.raises(SpeedError, match="give a number above 0, such as 1 or 100, or max"):
        parse_speed(text)


def test_max_is_written_in_any_case() -> None:
    assert parse_speed(" MAX ") == math.inf


@given(
    st.lists(st.integers(0, 10**12), min_size=1).map(sorted),
    st.floats(0.01, 1e6),
    st.floats(0.0, 60.0),
)
def test_records_are_due_in_their_order_and_never_after_too_long(
    times: list[int], speed: float, longest: float
) -> None:
    pacer = Pacer(speed, longest)
    now = 50.0
    for at_us in times:
        due = pacer.due_at(at_us, now)
        assert now - 1e-6 <= due <= now + longest + 1e-6
        now = max(now, due)
