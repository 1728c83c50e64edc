from collections import Counter
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kpi.domain import instants, measures
from services.kpi.domain.cells import (
    COARSE_US,
    FINE_US,
    LIVE,
    Cell,
    CellKey,
    Group,
    HorizonKey,
    Source,
    decode_horizon,
    decode_key,
)
from services.kpi.domain.fold import FINE_KEPT_US, Fold, FoldError
from services.kpi.domain.measures import UnknownMeasureError
from services.kpi.domain.sketch import SketchError

NOON_US = instants.from_text("2026-01-31T12:00:00Z")
MINUTE_US = FINE_US
DAY_US = 24 * 3600 * instants.SECOND_US


class Fact(NamedTuple):
    measure: str
    organisation: str
    brand: str
    channel: str
    at_us: int
    value_us: int | None
    sign: int
    timeline: str = LIVE

    def add_to(self, fold: Fold) -> None:
        scope = (self.organisation, self.brand, self.channel, self.timeline)
        fold.add(scope, [(self.measure, self.at_us, self.value_us, self.sign)])


counted = st.builds(
    Fact,
    st.sampled_from([measures.CONTACT, measures.REPLY]),
    st.just("acme"),
    st.sampled_from(["north", "south"]),
    st.sampled_from(["mail", "wechat"]),
    st.integers(NOON_US, NOON_US + 40 * MINUTE_US),
    st.none(),
    st.sampled_from([1, 1, -1]),
    st.sampled_from([LIVE, "replay-1"]),
)
timed = st.builds(
    Fact._replace,
    counted,
    measure=st.just(measures.FIRST_RESPONSE),
    value_us=st.integers(0, 10**11),
)
facts = st.lists(st.one_of(counted, timed), max_size=60)
quick = settings(max_examples=40, deadline=None)


class Topic(dict[str, bytes]):
    """A compacted topic: the last value of each key."""

    def take(self, fold: Fold) -> None:
        for key, value in fold.close():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def cells(self, resolution_seconds: int) -> dict[CellKey, Cell]:
        decoded = {decode_key(key): value for key, value in self.items()}
        return {
            key: Cell.decode(value)
            for key, value in decoded.items()
            if isinstance(key, CellKey) and key.resolution_seconds == resolution_seconds
        }


def folded(groups: list[list[Fact]], watermark_at_us: int | None = None) -> Topic:
    fold, topic = Fold(1, 3), Topic()
    for group in groups:
        for fact in group:
            fact.add_to(fold)
        if watermark_at_us is not None:
            fold.advance(LIVE, watermark_at_us)
        topic.take(fold)
    return topic


def contact(at_us: int, timeline: str = LIVE) -> Fact:
    return Fact(measures.CONTACT, "acme", "north", "mail", at_us, None, 1, timeline)


@quick
@given(facts, st.randoms(use_true_random=False), st.integers(1, 20))
def test_the_cells_do_not_depend_on_order_or_grouping(
    given_facts: list[Fact], random: Random, size: int
) -> None:
    shuffled = list(given_facts)
    random.shuffle(shuffled)
    groups = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    assert folded(groups) == folded([given_facts])


@quick
@given(facts)
def test_coarse_cells_are_the_sum_of_the_fine_ones(given_facts: list[Fact]) -> None:
    topic = folded([given_facts])
    summed: dict[CellKey, Cell] = {}
    for key, cell in topic.cells(60).items():
        coarse = key._replace(
            resolution_seconds=900, bucket_at_us=key.bucket_at_us // COARSE_US * COARSE_US
        )
        summed.setdefault(coarse, Cell(cell.latest_at_us)).merge(cell)
    assert summed == topic.cells(900)


@quick
@given(facts, facts)
def test_a_fact_and_its_correction_leave_counts_sums_and_sketches_as_they_were(
    kept: list[Fact], withdrawn: list[Fact]
) -> None:
    there_and_back = [fact._replace(sign=-fact.sign) for fact in withdrawn]
    corrected = folded([kept, withdrawn, there_and_back]).cells(900)
    for key, cell in folded([kept]).cells(900).items():
        after = corrected.pop(key)
        assert (after.count, after.sum_us, after.sketch) == (cell.count, cell.sum_us, cell.sketch)
    for left in corrected.values():
        assert (left.count, left.sum_us, left.sketch) == (0, 0, {})


@quick
@given(facts, facts)
def test_a_restored_fold_goes_on_as_if_it_had_not_stopped(
    before: list[Fact], after: list[Fact]
) -> None:
    watermark = NOON_US + FINE_KEPT_US + 16 * MINUTE_US
    straight = folded([before, after], watermark)

    topic = folded([before], watermark)
    fold = Fold(1, 3)
    fold.restore(topic.items())
    for fact in after:
        fact.add_to(fold)
    topic.take(fold)
    assert topic == straight


@quick
@given(facts, st.randoms(use_true_random=False), st.integers(0, 40 * MINUTE_US))
def test_what_is_kept_at_the_end_does_not_depend_on_when_the_watermark_moved(
    given_facts: list[Fact], random: Random, moved_us: int
) -> None:
    watermark = NOON_US + FINE_KEPT_US + moved_us
    fold, late = Fold(1, 3), Topic()
    for fact in given_facts:
        fact.add_to(fold)
    late.take(fold)
    fold.advance(LIVE, watermark)
    late.take(fold)
    assert late == folded([given_facts], watermark)


def test_one_fact_makes_a_fine_and_a_coarse_cell() -> None:
    at_us = NOON_US + 16 * MINUTE_US + 1_500_000
    topic = folded([[Fact(measures.FIRST_RESPONSE, "acme", "north", "mail", at_us, 5_000_000, 1)]])
    assert {key.encode().split("/acme")[0]: cell for key, cell in topic.cells(60).items()} == {
        "first_response/00060/2026-01-31T12:16:00Z": Cell(at_us, 1, 5_000_000, {779: 1})
    }
    (coarse,) = topic.cells(900)
    assert instants.to_text(coarse.bucket_at_us) == "2026-01-31T12:15:00Z"


def test_fine_cells_go_two_days_behind_the_watermark_and_coarse_ones_stay() -> None:
    fold, topic = Fold(1, 3), Topic()
    for at_us in (NOON_US, NOON_US + 14 * MINUTE_US, NOON_US + 15 * MINUTE_US):
        contact(at_us).add_to(fold)
    topic.take(fold)
    fold.advance(LIVE, NOON_US + 2 * DAY_US + 29 * MINUTE_US)
    changes = fold.close()

    horizon_key = HorizonKey(60, Source(LIVE, 1, 3)).encode()
    assert changes[0][0] == horizon_key
    assert changes[0][1] is not None
    assert decode_horizon(changes[0][1]) == NOON_US + 15 * MINUTE_US
    gone = [CellKey.decode(key).bucket_at_us for key, value in changes if value is None]
    assert gone == [NOON_US, NOON_US + 14 * MINUTE_US]
    assert len(fold.state.cells) == 3
    assert fold.close() == []


def test_a_quarter_hour_keeps_all_of_its_fine_cells_or_none() -> None:
    fold = Fold(1, 3)
    contact(NOON_US).add_to(fold)
    fold.close()
    fold.advance(LIVE, NOON_US + 2 * DAY_US + 14 * MINUTE_US)
    assert [key for key, value in fold.close() if value is None] == []


def test_a_fact_behind_the_horizon_changes_its_coarse_cell_only() -> None:
    topic = folded([[contact(NOON_US)]], NOON_US + 3 * DAY_US)
    assert len(topic.cells(900)) == 1
    assert topic.cells(60) == {}


def test_the_live_watermark_leaves_a_replay_its_fine_cells() -> None:
    topic = folded([[contact(NOON_US, "replay-1"), contact(NOON_US)]], NOON_US + 3 * DAY_US)
    assert [key.source.timeline for key in topic.cells(60)] == ["replay-1"]


def test_a_watermark_never_moves_back() -> None:
    fold = Fold(1, 3)
    fold.advance(LIVE, NOON_US)
    fold.close()
    fold.advance(LIVE, NOON_US - DAY_US)
    assert fold.close() == []


def test_an_emptied_cell_stays_with_nothing_in_it() -> None:
    topic = folded([[contact(NOON_US)], [contact(NOON_US)._replace(sign=-1)]])
    assert list(topic.cells(60).values()) == [Cell(NOON_US)]


@pytest.mark.parametrize(
    ("fact", "error", "reason"),
    [
        (contact(NOON_US)._replace(measure="contcat"), UnknownMeasureError, "'contcat'"),
        (contact(NOON_US)._replace(measure="contcat", value_us=1), UnknownMeasureError, "contcat"),
        (contact(NOON_US)._replace(value_us=7), FoldError, "'contact' is only counted"),
        (contact(NOON_US)._replace(measure=measures.RESOLUTION), FoldError, "carries a duration"),
        (
            contact(NOON_US)._replace(measure=measures.RESOLUTION, value_us=-1),
            SketchError,
            "below zero",
        ),
    ],
)
def test_a_refused_fact_leaves_nothing_behind(
    fact: Fact, error: type[Exception], reason: str
) -> None:
    fold = Fold(1, 3)
    with pytest.raises(error, match=reason):
        fact.add_to(fold)
    assert fold.close() == []


def test_a_partition_refuses_anothers_records() -> None:
    key = CellKey(measures.CONTACT, 60, NOON_US, Group("a", "b", "c"), Source(LIVE, 1, 4))
    with pytest.raises(FoldError, match="elsewhere, and this is generation 1, partition 3"):
        Fold(1, 3).restore([(key.encode(), Cell(NOON_US, 1).encode())])


def test_a_restored_cell_is_decoded_when_a_fact_touches_it() -> None:
    topic = folded([[contact(NOON_US), contact(NOON_US + MINUTE_US)]])
    fold = Fold(1, 3)
    fold.restore(topic.items())
    assert {type(cell) for cell in fold.state.cells.values()} == {bytes}
    contact(NOON_US).add_to(fold)
    assert len(fold.close()) == 2
    assert Counter(type(cell) for cell in fold.state.cells.values()) == {Cell: 2, bytes: 1}
