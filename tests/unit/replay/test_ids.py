from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.replay.ids import IdError, order_key, platform_id


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("3.0", "3"),
        (" 42 ", "42"),
        ("0.00", "0"),
        ("007", "007"),
        ("1.5", "1.5"),
        ("v3.0", "v3.0"),
        ("12e4", "12e4"),
        ("Case 1", "Case 1"),
        ("", ""),
    ],
)
def test_only_a_whole_number_with_a_zero_fraction_is_rewritten(text: str, identifier: str) -> None:
    assert platform_id(text) == identifier


def test_a_rounded_number_is_refused_because_its_digits_are_lost() -> None:
    with pytest.raises(IdError, match="export the identifiers as text"):
        platform_id("9.250385e+17")


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_integers_sort_by_value(one: int, other: int) -> None:
    assert (one < other) == (order_key(str(one)) < order_key(str(other)))


@given(st.integers(min_value=0), st.text(alphabet="abc:-", min_size=1))
def test_integers_sort_before_all_other_identifiers(number: int, text: str) -> None:
    assert order_key(str(number)) < order_key(text)


@given(st.text(), st.text())
def test_different_identifiers_never_sort_as_equal(one: str, other: str) -> None:
    assert (one == other) == (order_key(one) == order_key(other))


def test_leading_zeros_keep_identifiers_apart() -> None:
    assert sorted(["10", "007", "7", "08"], key=order_key) == ["7", "007", "08", "10"]
