"""A growing set of 16-byte hashes that takes about 18 bytes a hash (a ``set`` takes 91)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import iter_unpack

HASH_BYTES = 16

# Longer buckets take less memory and longer to search; at this length a look-up is one `find`.
_PER_BUCKET = 24


class IdIndex:
    """Linear hashing over buckets of concatenated hashes: it grows one bucket at a time.

    Python's ``hash`` picks the bucket. It is seeded anew in every process, so that nobody can aim
    at one bucket; what the index answers does not depend on it.
    """

    __slots__ = ("_buckets", "_count", "_mask")

    def __init__(self, hashes: bytes = b"") -> None:
        self._count = len(hashes) // HASH_BYTES
        buckets = self._count // _PER_BUCKET + 1
        self._buckets = [b""] * buckets
        self._mask = (1 << (buckets - 1).bit_length()) - 1
        for wanted in split(hashes):
            self._buckets[self._place(wanted)] += wanted

    def __len__(self) -> int:
        return self._count

    def __contains__(self, wanted: bytes) -> bool:
        return self.is_in_any((self,), wanted)

    @staticmethod
    def is_in_any(indexes: Iterable[IdIndex], wanted: bytes) -> bool:
        """Look the hash up in several indexes at the price of few calls: this is the hot path."""
        hashed = hash(wanted)
        for index in indexes:
            buckets, mask = index._buckets, index._mask  # noqa: SLF001  # its own kind
            place = hashed & mask
            bucket = buckets[place if place < len(buckets) else place & (mask >> 1)]
            at = bucket.find(wanted)
            while at > 0 and at % HASH_BYTES:  # across two neighbours: not one of them
                at = bucket.find(wanted, at + 1)
            if at >= 0:
                return True
        return False

    def add(self, new: bytes) -> None:
        """Add a hash that is not in the index yet."""
        self._buckets[self._place(new)] += new
        self._count += 1
        if self._count > len(self._buckets) * _PER_BUCKET:
            self._grow()

    def _place(self, wanted: bytes) -> int:
        place = hash(wanted) & self._mask
        return place if place < len(self._buckets) else place & (self._mask >> 1)

    def _grow(self) -> None:
        """Add one bucket and move to it what belongs there now, all from one older bucket."""
        added = len(self._buckets)
        if added > self._mask:
            self._mask = 2 * self._mask + 1
        older = added & (self._mask >> 1)
        hashes = list(split(self._buckets[older]))
        self._buckets.append(b"".join(each for each in hashes if hash(each) & self._mask == added))
        self._buckets[older] = b"".join(each for each in hashes if hash(each) & self._mask != added)


def split(hashes: bytes) -> Iterator[bytes]:
    """Yield the hashes of a concatenation."""
    return (each for (each,) in iter_unpack(f"{HASH_BYTES}s", hashes))
