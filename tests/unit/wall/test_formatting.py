from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.wall.formatting import MISSING, Quantity, number, quantity
from dashboards.wall.languages import LANGUAGES, language

ENGLISH = language("en").scales
CHINESE = language("zh-CN").scales

_SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}


@pytest.mark.parametrize(
    ("seconds", "text", "unit"),
    [
        (0.0, "0.0", "seconds"),
        (4.26, "4.3", "seconds"),
        (45.4, "45", "seconds"),
        (59.6, "1.0", "minutes"),
        (745.2, "12.4", "minutes"),
        (3_598.0, "1.0", "hours"),
        (23_220.0, "6.5", "hours"),
        (172_799.0, "2.0", "days"),
        (9_000_000.0, "104.2", "days"),
    ],
)
def test_durations_are_written_in_the_unit_people_use(seconds: float, text: str, unit: str) -> None:
    assert quantity(seconds, "seconds", ENGLISH) == Quantity(text, unit)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "0", "0"),
        (7.25, "7.2", "7.2"),
        (2_187, "2,187", "2,187"),
        (99_999, "99,999", "99,999"),
        (100_000, "100k", "10.0万"),
        (123_456, "123k", "12.3万"),
        (999_999, "1.00M", "100万"),
        (1_284_000, "1.28M", "128万"),
        (99_999_999, "100M", "1.00亿"),
        (5_000_000_000, "5.00B", "50.0亿"),
        (7_000_000_000_000, "7,000B", "70,000亿"),
    ],
)
def test_large_counts_are_shortened_as_each_language_does(
    value: float, english: str, chinese: str
) -> None:
    assert (number(value, ENGLISH), number(value, CHINESE)) == (english, chinese)


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("unit", ["seconds", "messages"])
def test_a_missing_value_is_a_dash_and_never_zero(missing: float | None, unit: str) -> None:
    assert quantity(missing, unit, ENGLISH) == Quantity(MISSING, unit)


@given(st.floats(0, 1e9))
def test_a_written_duration_is_near_its_value_and_below_the_next_unit(seconds: float) -> None:
    text, unit = quantity(seconds, "seconds", ENGLISH)
    amount = float(text.replace(",", ""))
    assert abs(amount * _SECONDS[unit] - seconds) <= 0.5 * max(1.0, _SECONDS[unit] / 9)
    assert amount < {"seconds": 60, "minutes": 60, "hours": 48}.get(unit, math.inf)


@given(st.integers(0, 10**12), st.sampled_from(LANGUAGES))
def test_a_written_count_keeps_three_digits(value: int, code: str) -> None:
    scales = language(code).scales
    text = number(value, scales)
    factors = {scale.suffix: scale.factor for scale in scales}
    factor = factors.get(text[-1], 1)
    amount = float(text.rstrip("".join(factors)).replace(",", "")) * factor
    assert abs(amount - value) <= value * 0.005
    if value < 100_000:
        assert amount == value


@given(st.integers(100_000, 10**11), st.sampled_from(LANGUAGES))
def test_a_shortened_count_fits_the_place_of_five_digits(value: int, code: str) -> None:
    assert len(number(value, language(code).scales)) <= len("99,999")
