"""An in-memory index of the cells' topic for a replica that answers queries."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from services.kpi.domain.cells import (
    Cell,
    CellKey,
    Group,
    HorizonKey,
    Source,
    decode_horizon,
    decode_key,
)


class Series:
    """The cells of one measure, resolution and group, by bucket start and source."""

    __slots__ = ("_buckets", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._buckets: dict[int, dict[Source, Cell]] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def put(self, at_us: int, source: Source, cell: Cell) -> bool:
        """Keep a cell; return whether there was none."""
        bucket = self._buckets.get(at_us)
        if bucket is None:
            bucket = self._buckets[at_us] = {}
            insort(self._starts, at_us)
        is_new = source not in bucket
        bucket[source] = cell
        return is_new

    def remove(self, at_us: int, source: Source) -> bool:
        """Forget a cell; return whether there was one."""
        bucket = self._buckets.get(at_us)
        if bucket is None or bucket.pop(source, None) is None:
            return False
        if not bucket:
            del self._buckets[at_us]
            del self._starts[bisect_left(self._starts, at_us)]
        return True

    def between(self, from_us: int, to_us: int) -> Iterator[tuple[int, Mapping[Source, Cell]]]:
        """Yield the buckets that start in [from, to), in order of time."""
        starts, buckets = self._starts, self._buckets
        for at in range(bisect_left(starts, from_us), bisect_left(starts, to_us)):
            start = starts[at]
            yield start, buckets[start]


class Index:
    """
    The cells of one generation, kept equal to their topic by `apply`.

    Another generation tells the same facts again, so its records are left out.
    """

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._series: dict[tuple[str, int], dict[Group, Series]] = {}
        self._horizons: dict[int, dict[Source, int]] = {}
        self._cells = 0

    def __len__(self) -> int:
        """Count the cells."""
        return self._cells

    def apply(self, key: str, value: bytes | None) -> None:
        """Take a record of the cells' topic; None is a tombstone (`CellError` for neither)."""
        decoded = decode_key(key)
        if decoded.source.generation != self._generation:
            return
        if isinstance(decoded, HorizonKey):
            self._apply_horizon(decoded, value)
        else:
            self._apply_cell(decoded, value)

    def series(self, measure: str, resolution_seconds: int) -> Mapping[Group, Series]:
        return self._series.get((measure, resolution_seconds), {})

    def horizons(self, resolution_seconds: int) -> Mapping[Source, int]:
        """Return per source the instant before which its cells of this resolution are gone."""
        return self._horizons.get(resolution_seconds, {})

    def _apply_horizon(self, key: HorizonKey, value: bytes | None) -> None:
        horizons = self._horizons.setdefault(key.resolution_seconds, {})
        if value is None:
            horizons.pop(key.source, None)
        else:
            horizons[key.source] = decode_horizon(value)

    def _apply_cell(self, key: CellKey, value: bytes | None) -> None:
        groups = self._series.setdefault((key.measure, key.resolution_seconds), {})
        series = groups.get(key.group)
        if value is not None:
            if series is None:
                series = groups[key.group] = Series()
            self._cells += series.put(key.bucket_at_us, key.source, Cell.decode(value))
        elif series is not None:
            self._cells -= series.remove(key.bucket_at_us, key.source)
            if not series:
                del groups[key.group]
