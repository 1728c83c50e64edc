from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kpi.domain.conformance import ReportCaseError, actual

RANGES = [[0, 60], [60, 3600], [3600, None]]


def test_a_value_on_an_edge_belongs_to_the_range_that_begins_there() -> None:
    case = {"kind": "histogram", "buckets": RANGES, "values_s": [59, 60, 3600, 99999]}
    assert actual(case) == {"counts": [1, 1, 2]}


@given(st.lists(st.integers(0, 100_000)))
def test_every_value_is_in_one_range(values: list[int]) -> None:
    case = {"kind": "histogram", "buckets": RANGES, "values_s": values}
    assert sum(actual(case)["counts"]) == len(values)


def test_days_and_their_sum_are_asked_of_the_cells() -> None:
    told: dict[str, Any] = {
        "day_0": {"conversations": 40, "incoming_each": 2, "outgoing_each": 1},
        "day_minus_6": {"conversations": 3, "incoming_each": 5, "outgoing_each": 0},
    }
    assert actual({"kind": "aggregate", "input": told}) == {
        "day_0": {"conversations": 40, "incoming": 80, "outgoing": 40},
        "day_minus_6": {"conversations": 3, "incoming": 15, "outgoing": 0},
        "summary": {"conversations": 43, "incoming": 95, "outgoing": 40},
    }


def test_first_responses_count_on_the_day_they_were_given() -> None:
    told = {
        "day_0": {"tickets": 4, "first_response_s": 900},
        "day_minus_1": {"tickets": 12, "first_response_s": 0},
    }
    found = actual({"kind": "aggregate", "input": told})
    assert (found["day_0_avg_s"], found["day_minus_1_avg_s"]) == (900, 0)


def test_a_case_without_its_figures_is_named() -> None:
    with pytest.raises(ReportCaseError, match="case c7"):
        actual({"id": "c7", "kind": "histogram"})
