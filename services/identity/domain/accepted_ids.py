"""Which events were accepted before: exact over a horizon of log time, compact, restorable.

Ids are kept by period of the log's time; a period is dropped as a whole. On disk they lie as
*blocks* of 4096 hashes and, for the block that still fills, *slices* of 64: a flush group writes
the slices it touched, and a full block replaces its slices. So a flush costs about a kilobyte, a
month of ten million events in a partition is 2,500 keys, and what is stored depends on the ids
alone, not on how they fell into groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from services.identity.domain.id_index import HASH_BYTES, IdIndex

_DAY_US = 86_400_000_000

HORIZON_DAYS = 30
# Whole periods are dropped, so an id is remembered for 30 to 40 days; each period is one look-up.
PERIOD_US = 10 * _DAY_US
_PERIODS_BEFORE = HORIZON_DAYS * _DAY_US // PERIOD_US

_SLICE = 64 * HASH_BYTES
_BLOCK = 4096 * HASH_BYTES

# A key of the store and its new value; None deletes it.
Change = tuple[str, bytes | None]


class _Period:
    """One period's ids, in the order of their acceptance."""

    def __init__(self, number: int, stored: Sequence[tuple[str, bytes]] = ()) -> None:
        """Take the period's part of the store, in the order of keys."""
        self.number = number
        blocks = [value for key, value in stored if key.count("/") == 1]
        slices = [value for key, value in stored if key.count("/") > 1]
        self.index = IdIndex(b"".join([*blocks, *slices]))
        self._open = bytearray().join(slices)
        self._full: list[bytes] = []
        self._blocks_stored = len(blocks)
        self._bytes_stored = len(self._open)  # of the open block, as slices

    def add(self, event_hash: bytes) -> None:
        self.index.add(event_hash)
        self._open += event_hash
        if len(self._open) == _BLOCK:
            self._full.append(bytes(self._open))
            self._open.clear()

    def changes(self) -> Iterator[Change]:
        """Yield what to store of the ids added since the last call."""
        if self._full:
            yield from self._deleted_slices()
            for value in self._full:
                yield self._block_key(self._blocks_stored), value
                self._blocks_stored += 1
            self._full.clear()
        if self._bytes_stored == len(self._open):
            return
        for start in range(self._bytes_stored // _SLICE * _SLICE, len(self._open), _SLICE):
            yield self._slice_key(start // _SLICE), bytes(self._open[start : start + _SLICE])
        self._bytes_stored = len(self._open)

    def deletions(self) -> Iterator[Change]:
        """Yield the deletion of everything stored."""
        yield from self._deleted_slices()
        for block in range(self._blocks_stored):
            yield self._block_key(block), None

    def _deleted_slices(self) -> Iterator[Change]:
        for number in range(-(-self._bytes_stored // _SLICE)):
            yield self._slice_key(number), None
        self._bytes_stored = 0

    def _block_key(self, block: int) -> str:
        return f"{self.number:06}/{block:06}"

    def _slice_key(self, number: int) -> str:
        return f"{self._block_key(self._blocks_stored)}/{number:02}"


class AcceptedIds:
    """The ids of one partition. ``stored`` is what earlier ``changes`` came to.

    The partition's time never goes back. It moves with accepted ids only, so that it can be told
    from what is stored.
    """

    def __init__(self, stored: Iterable[tuple[str, bytes]] = ()) -> None:
        by_period: dict[int, list[tuple[str, bytes]]] = {}
        for key, value in sorted(stored):
            by_period.setdefault(int(key.partition("/")[0]), []).append((key, value))
        self._periods: list[_Period] = []  # the newest first
        self._indexes: list[IdIndex] = []
        self._expired: list[_Period] = []
        self._ends_us = -PERIOD_US  # of the newest period
        for number in sorted(by_period):
            self._open(_Period(number, by_period[number]))

    def __len__(self) -> int:
        return sum(len(period.index) for period in self._periods)

    def accept(self, event_hash: bytes, log_time_us: int) -> bool:
        """Remember the id; return False when it was accepted within the horizon."""
        is_later = log_time_us >= self._ends_us
        known = self._indexes
        if is_later:
            oldest = log_time_us // PERIOD_US - _PERIODS_BEFORE
            known = [period.index for period in self._periods if period.number >= oldest]
        if IdIndex.is_in_any(known, event_hash):
            return False
        if is_later:
            self._open(_Period(log_time_us // PERIOD_US))
        self._periods[0].add(event_hash)
        return True

    def _open(self, period: _Period) -> None:
        oldest = period.number - _PERIODS_BEFORE
        self._expired += [each for each in self._periods if each.number < oldest]
        self._periods = [period, *(each for each in self._periods if each.number >= oldest)]
        self._indexes = [each.index for each in self._periods]
        self._ends_us = (period.number + 1) * PERIOD_US

    def changes(self) -> Iterator[Change]:
        """Yield what to store since the last call; the same ids come to the same store."""
        for period in self._expired:
            yield from period.deletions()
        self._expired = []
        for period in self._periods:
            yield from period.changes()
