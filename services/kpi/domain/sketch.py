"""
A quantile sketch of logarithmic buckets: mergeable, subtractable, deterministic.

A sketch is a plain `dict[int, int]`: bucket index → count. Bucket `i` holds the whole numbers in
(GAMMA^(i-1), GAMMA^i], the zeros have the index `ZERO`. Merging adds the counts, so it is free of
order, and a correction takes its value out again. A count below zero means that a correction is
here and its fact is not yet; it takes part in the sums as it is.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from itertools import accumulate
from math import ceil, log

from services.kpi.domain.varint import TruncatedError, pack, unpack, unzigzag

Sketch = dict[int, int]

# The error of a bucket's middle is (GAMMA - 1) / (GAMMA + 1) = 0.99 %. It stays below the promised
# 1 % on purpose: the logarithm is rounded, and at a bucket's edge that may cost a last digit.
GAMMA_STEP = 200  # ten-thousandths above one: whole, so that readers compare it exactly
GAMMA = 1 + GAMMA_STEP / 10_000
ALPHA = (GAMMA - 1) / (GAMMA + 1)
ZERO = -1  # whole numbers above zero start at index 0

_MULTIPLIER = 1 / log(GAMMA)
_MIDDLE = 2 / (GAMMA + 1)
_VERSION = 1
_HEAD = pack([_VERSION, GAMMA_STEP])


class SketchError(ValueError):
    """A value or an encoding that this sketch cannot take."""


def index_of(value: int) -> int:
    """Return the bucket of a whole number >= 0."""
    if value > 0:
        return ceil(log(value) * _MULTIPLIER)
    if value == 0:
        return ZERO
    raise SketchError(
        f"{value} is below zero and the sketch takes durations: "
        "check the order of the two instants it was measured between"
    )


def value_of(index: int) -> float:
    """Return the value that stands for a bucket, within ALPHA of everything in it."""
    return 0.0 if index == ZERO else _MIDDLE * float(GAMMA**index)


def add(sketch: Sketch, value: int, sign: int = 1) -> None:
    """Count a value in (sign 1) or out (sign -1)."""
    index = index_of(value)
    sketch[index] = sketch.get(index, 0) + sign


def merge(into: Sketch, other: Sketch) -> None:
    """Add the counts of `other`; buckets that come to nothing leave the sketch."""
    known = into.get
    for index, count in other.items():
        into[index] = total = known(index, 0) + count
        if not total:
            del into[index]


def quantiles(sketch: Sketch, wanted: Sequence[float]) -> list[float]:
    """
    Return the value at each quantile by nearest rank: the ceil(q * n)-th smallest, q = 0 the first.

    `wanted` ascends within 0..1. An empty sketch has no quantile: `SketchError`.
    """
    total = sum(sketch.values())
    if total <= 0:
        raise SketchError("an empty sketch has no quantile: ask for the count first")
    ranks = [max(1, ceil(_exact(q) * total)) for q in wanted]
    return [value_of(index) for index in _at_ranks(sketch, ranks)]


def quantile(sketch: Sketch, q: float) -> float:
    """Return one of the `quantiles`."""
    return quantiles(sketch, (q,))[0]


@cache
def _exact(q: float) -> Fraction:
    """Read q as it is written: in binary 0.07 * 100 is above 7, and its rank would be the 8th."""
    if not 0 <= q <= 1:
        raise SketchError(f"the quantile {q} is outside 0..1")
    return Fraction(str(q))


def _at_ranks(sketch: Sketch, ranks: Iterable[int]) -> Iterable[int]:
    buckets = iter(sorted(sketch.items()))
    index, reached = next(buckets)
    for rank in ranks:
        while reached < rank:
            index, count = next(buckets)
            reached += count
        yield index


def encode(sketch: Sketch) -> bytes:
    """Write version, gamma, number of buckets, then (gap to the index before, count) pairs."""
    if 0 in sketch.values():  # a value was counted in and out again
        sketch = {index: count for index, count in sketch.items() if count}
    numbers = [len(sketch)]
    before = ZERO
    for index in sorted(sketch):
        count = sketch[index]
        numbers += (index - before, count + count if count > 0 else -count - count - 1)
        before = index
    return _HEAD + pack(numbers)


def decode(data: bytes, at: int = 0) -> Sketch:
    """Read what `encode` wrote, from position `at` to the end."""
    try:
        (version, step, buckets), at = unpack(data, at, 3)
        _require_ours(version, step)
        pairs, end = unpack(data, at, 2 * buckets)
    except TruncatedError as error:
        raise SketchError(f"the sketch cannot be read: {error}") from error
    if end != len(data):
        raise SketchError(f"{len(data) - end} bytes follow the sketch's {buckets} buckets")
    indices = accumulate(pairs[0::2], initial=ZERO)
    next(indices)
    return dict(zip(indices, map(unzigzag, pairs[1::2]), strict=True))


def _require_ours(version: int, step: int) -> None:
    if version != _VERSION:
        raise SketchError(
            f"the sketch is of version {version} and this reader knows version {_VERSION}: "
            "run the release that wrote it, or rebuild the cells"
        )
    if step != GAMMA_STEP:
        raise SketchError(
            f"the sketch was written with gamma {1 + step / 10_000} and this reader merges only "
            f"gamma {GAMMA} (error {ALPHA:.2%}): rebuild the cells with one gamma"
        )
