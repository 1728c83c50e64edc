import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kpi.domain import sketch
from services.kpi.domain.sketch import Sketch, SketchError
from services.kpi.domain.varint import pack, unpack, unzigzag, zigzag

durations_us = st.one_of(
    st.integers(0, 2_000), st.integers(0, 10**7), st.integers(0, 400 * 86_400 * 10**6)
)
many = st.lists(durations_us, min_size=1, max_size=120)
quick = settings(max_examples=40, deadline=None)


def sketch_of(values: list[int]) -> Sketch:
    made: Sketch = {}
    for value in values:
        sketch.add(made, value)
    return made


@quick
@given(many, st.sampled_from([(0, 1), (1, 2), (9, 10), (99, 100), (1, 1)]))
def test_a_quantile_is_within_one_percent_of_the_exact_nearest_rank(
    values: list[int], q: tuple[int, int]
) -> None:
    above, below = q
    rank = max(1, -(-above * len(values) // below))
    exact = sorted(values)[rank - 1]
    assert abs(sketch.quantile(sketch_of(values), above / below) - exact) <= 0.01 * exact


@quick
@given(durations_us)
def test_every_value_lies_within_alpha_of_its_bucket(value: int) -> None:
    middle = sketch.value_of(sketch.index_of(value))
    assert abs(middle - value) <= sketch.ALPHA * value * (1 + 1e-9)
    assert sketch.ALPHA < 0.01


@quick
@given(st.lists(many, min_size=1, max_size=4))
def test_merging_is_free_of_order(parts: list[list[int]]) -> None:
    forwards: Sketch = {}
    backwards: Sketch = {}
    for part in parts:
        sketch.merge(forwards, sketch_of(part))
    for part in reversed(parts):
        sketch.merge(backwards, sketch_of(part[::-1]))
    whole = sketch_of([value for part in parts for value in part])
    assert forwards == backwards == whole
    assert sketch.encode(forwards) == sketch.encode(backwards) == sketch.encode(whole)


@quick
@given(many, many)
def test_what_is_counted_out_again_leaves_no_trace(kept: list[int], withdrawn: list[int]) -> None:
    made = sketch_of(kept + withdrawn)
    for value in withdrawn:
        sketch.add(made, value, -1)
    assert sketch.encode(made) == sketch.encode(sketch_of(kept))

    merged = sketch_of(kept)
    sketch.merge(merged, sketch_of(withdrawn))
    sketch.merge(merged, {index: -count for index, count in sketch_of(withdrawn).items()})
    assert merged == sketch_of(kept)


@quick
@given(st.dictionaries(st.integers(-1, 2_300), st.integers(-(10**6), 10**12).filter(bool)))
def test_an_encoded_sketch_reads_back(made: Sketch) -> None:
    assert sketch.decode(sketch.encode(made)) == made


def test_the_ninetieth_percentile_of_ten_values_is_the_ninth() -> None:
    made = sketch_of([10**exponent for exponent in range(10)])
    assert sketch.quantile(made, 0.9) == pytest.approx(10**8, rel=0.01)


def test_a_rank_is_computed_from_the_quantile_as_it_is_written() -> None:
    made = sketch_of([2**n for n in range(100)])
    assert sketch.quantile(made, 0.07) == pytest.approx(2**6, rel=0.01)


def test_a_zero_duration_is_zero() -> None:
    assert sketch.quantiles(sketch_of([0, 0, 0, 50]), (0.5, 0.99)) == [0.0, pytest.approx(50, 0.01)]


def test_a_negative_duration_is_refused_with_the_remedy() -> None:
    with pytest.raises(SketchError, match="order of the two instants"):
        sketch.add({}, -1)


def test_an_empty_sketch_has_no_quantile() -> None:
    with pytest.raises(SketchError, match="empty"):
        sketch.quantile({}, 0.5)


def test_a_quantile_above_one_is_refused() -> None:
    with pytest.raises(SketchError, match=r"90 is outside 0\.\.1"):
        sketch.quantile({0: 1}, 90)


def test_a_reader_refuses_another_gamma() -> None:
    with pytest.raises(SketchError, match=r"gamma 1\.01 .* only gamma 1\.02 .*rebuild"):
        sketch.decode(pack([1, 100, 0]))


def test_a_reader_refuses_another_version() -> None:
    with pytest.raises(SketchError, match="version 9"):
        sketch.decode(pack([9, sketch.GAMMA_STEP, 0]))


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_cut_sketch_is_refused(cut: int) -> None:
    encoded = sketch.encode({3: 400, 9: 1})
    with pytest.raises(SketchError, match="was cut"):
        sketch.decode(encoded[:-cut])


def test_bytes_behind_a_sketch_are_refused() -> None:
    with pytest.raises(SketchError, match="1 bytes follow"):
        sketch.decode(sketch.encode({3: 4}) + b"\0")


@quick
@given(st.lists(st.one_of(st.integers(0, 200), st.integers(0, 40_000), st.integers(0, 2**80))))
def test_varints_read_back(numbers: list[int]) -> None:
    data = pack(numbers)
    assert unpack(b"?" + data + b"!", 1, len(numbers)) == (numbers, 1 + len(data))


@given(st.integers())
def test_a_sign_folds_in_and_out(number: int) -> None:
    assert zigzag(number) >= 0
    assert unzigzag(zigzag(number)) == number
