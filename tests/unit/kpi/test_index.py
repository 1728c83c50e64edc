import pytest

from services.kpi.domain import instants
from services.kpi.domain.cells import (
    FINE_US,
    LIVE,
    Cell,
    CellError,
    CellKey,
    Group,
    HorizonKey,
    Source,
    encode_horizon,
)
from services.kpi.domain.index import Index

NOON_US = instants.from_text("2026-01-31T12:00:00Z")
NORTH = Group("acme", "north", "mail")
FIRST, SECOND = Source(LIVE, 1, 0), Source(LIVE, 1, 1)


def key(minute: int, source: Source = FIRST, group: Group = NORTH) -> str:
    return CellKey("contact", 60, NOON_US + minute * FINE_US, group, source).encode()


def cell(count: int) -> bytes:
    return Cell(NOON_US, count).encode()


def found(index: Index, from_minute: int = 0, to_minute: int = 60) -> list[tuple[int, list[int]]]:
    series = index.series("contact", 60).get(NORTH)
    between = [NOON_US + minute * FINE_US for minute in (from_minute, to_minute)]
    return [
        ((start - NOON_US) // FINE_US, [cell.count for cell in bucket.values()])
        for start, bucket in (series.between(*between) if series else ())
    ]


def test_buckets_come_in_order_of_time_however_they_arrived() -> None:
    index = Index(1)
    for minute in (7, 2, 9, 4):
        index.apply(key(minute), cell(minute))
    assert found(index) == [(2, [2]), (4, [4]), (7, [7]), (9, [9])]


def test_a_range_takes_its_first_bucket_and_leaves_its_last() -> None:
    index = Index(1)
    for minute in range(6):
        index.apply(key(minute), cell(1))
    assert [minute for minute, _ in found(index, 2, 4)] == [2, 3]


def test_a_later_record_replaces_the_cell() -> None:
    index = Index(1)
    index.apply(key(3), cell(1))
    index.apply(key(3), cell(5))
    assert found(index) == [(3, [5])]


def test_the_cells_of_two_partitions_stand_side_by_side() -> None:
    index = Index(1)
    index.apply(key(3, FIRST), cell(1))
    index.apply(key(3, SECOND), cell(2))
    assert found(index) == [(3, [1, 2])]
    index.apply(key(3, FIRST), None)
    assert found(index) == [(3, [2])]


def test_a_tombstone_removes_the_cell_and_may_come_twice() -> None:
    index = Index(1)
    index.apply(key(3), cell(1))
    index.apply(key(4), cell(1))
    for _ in range(2):
        index.apply(key(3), None)
    assert found(index) == [(4, [1])]
    index.apply(key(4), None)
    index.apply(key(4), None)
    assert found(index) == []
    assert index.series("contact", 60) == {}


def test_cells_are_counted_whatever_comes_twice() -> None:
    index = Index(1)
    for minute in (3, 4, 4):
        index.apply(key(minute), cell(1))
    index.apply(key(4, SECOND), cell(1))
    index.apply(HorizonKey(60, FIRST).encode(), encode_horizon(NOON_US))
    assert len(index) == 3
    for _ in range(2):
        index.apply(key(4), None)
    assert len(index) == 2


def test_another_generation_is_left_out() -> None:
    index = Index(2)
    index.apply(key(3), cell(1))
    assert found(index) == []


def test_a_horizon_is_known_until_its_tombstone() -> None:
    index = Index(1)
    horizon = HorizonKey(60, FIRST).encode()
    assert index.horizons(60) == {}
    index.apply(horizon, encode_horizon(NOON_US))
    assert index.horizons(60) == {FIRST: NOON_US}
    index.apply(horizon, None)
    assert index.horizons(60) == {}


def test_a_foreign_record_is_refused() -> None:
    with pytest.raises(CellError, match="2 parts"):
        Index(1).apply("owner/3", b"")
