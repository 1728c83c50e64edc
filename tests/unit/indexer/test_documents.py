from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexer.domain.documents import (
    Position,
    event_document_id,
    hash_of_stored,
    iso,
    make_document,
    position_of_stored,
)

PLACE = Position(partition=2, offset=17, event_index=3)

contents = st.dictionaries(
    st.text(min_size=1).filter(lambda key: key not in ("content_hash", "position")),
    st.one_of(
        st.text(),
        st.integers(min_value=-(2**63), max_value=2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.lists(st.dictionaries(st.text(), st.text(), max_size=3), max_size=3),
    ),
    max_size=6,
)


@given(contents)
def test_a_document_read_back_has_the_hash_it_was_written_with(content: dict[str, Any]) -> None:
    document = make_document("events", "a", content, PLACE)
    stored = json.loads(document.body)
    assert stored["content_hash"] == document.content_hash == hash_of_stored(stored)
    assert position_of_stored(stored) == PLACE


@given(contents)
def test_the_place_in_the_log_and_the_order_of_fields_leave_the_hash_alone(
    content: dict[str, Any],
) -> None:
    turned = dict(reversed(content.items()))
    elsewhere = Position(0, 99, 0)
    assert (
        make_document("events", "a", content, PLACE).content_hash
        == make_document("events", "a", turned, elsewhere).content_hash
    )


def test_a_changed_content_is_seen_although_its_stored_hash_was_left() -> None:
    stored = json.loads(make_document("events", "a", {"text": "refund"}, PLACE).body)
    stored["text"] = "refunded"
    assert hash_of_stored(stored) != stored["content_hash"]


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        make_document("events", "a", {"score": float("nan")}, PLACE)


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_different_events_get_different_ids(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (event_document_id(*one) == event_document_id(*other)) == (one == other)


def test_parts_of_an_id_do_not_flow_into_each_other() -> None:
    assert event_document_id("ab", "c", "d") != event_document_id("a", "bc", "d")


@pytest.mark.parametrize(
    ("at_us", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (-60_000_000_000_000_000, "0068-09-03T13:20:00.000000Z"),
    ],
)
def test_instants_are_written_to_the_microsecond(at_us: int, text: str) -> None:
    assert iso(at_us) == text


def test_an_instant_outside_the_calendar_is_refused() -> None:
    with pytest.raises(OverflowError):
        iso(10**18)


@given(st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**20 - 1)), min_size=2))
def test_versions_increase_with_the_place_in_the_log(places: list[tuple[int, int]]) -> None:
    ordered = sorted(set(places))
    versions = [Position(0, offset, index).version for offset, index in ordered]
    assert versions == sorted(set(versions))
    assert max(versions) < 2**63


@pytest.mark.parametrize(
    "stored",
    [{}, {"position": None}, {"position": {"partition": 1}}, {"position": {"partition": "0"}}],
)
def test_a_mangled_place_is_no_place(stored: dict[str, Any]) -> None:
    assert position_of_stored(stored) is None
