"""Is the index equal to the log? Two ledgers of ids and hashes, compared bucket by bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

EXAMPLES = 20

_BUCKETS = 256
_HASH_HEX = 32


class Ledger:
    """Ids with their hashes, about 52 bytes a document, in no order.

    Ids of one bucket are looked at together, so that only a bucket is ever held as objects.
    """

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(_BUCKETS)]

    def add(self, document_id: str, content_hash: str, note: int = 0) -> None:
        """``note`` (0 to 65535) comes back with the entry; what it means is the caller's affair."""
        name = document_id.encode()
        bucket = self._buckets[crc32(name) % _BUCKETS]
        bucket += len(name).to_bytes(2, "big") + note.to_bytes(2, "big") + name
        bucket += bytes.fromhex(content_hash)

    def entries(self, bucket: int) -> Iterator[tuple[str, str, int]]:
        """Yield id, hash and note, in the order in which they were added."""
        data = memoryview(self._buckets[bucket])
        at = 0
        while at < len(data):
            name_ends = at + 4 + int.from_bytes(data[at : at + 2], "big")
            ends = name_ends + _HASH_HEX // 2
            note = int.from_bytes(data[at + 2 : at + 4], "big")
            yield bytes(data[at + 4 : name_ends]).decode(), data[name_ends:ends].hex(), note
            at = ends


@dataclass(slots=True)
class CollectionComparison:
    """Counts of documents.

    ``newer`` and ``before_log`` are those that the compared part of the log cannot know: written
    after the fixed offsets were read, or of records that retention has removed since.
    """

    in_log: int = 0
    in_index: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    newer: int = 0
    before_log: int = 0
    missing_examples: list[str] = field(default_factory=list)
    extra_examples: list[str] = field(default_factory=list)
    different_examples: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not (self.missing or self.extra or self.different)


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets from ``begin`` up to, not including, ``end``."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The log's compared part, by partition, and what was found in each collection."""

    offsets: Mapping[int, OffsetRange]
    collections: Mapping[str, CollectionComparison]

    @property
    def equal(self) -> bool:
        return all(found.equal for found in self.collections.values())

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {
            "equal": self.equal,
            "offsets": {
                str(partition): {"begin": offsets.begin, "end": offsets.end}
                for partition, offsets in sorted(self.offsets.items())
            },
            "collections": {
                name: {
                    "in_log": found.in_log,
                    "in_index": found.in_index,
                    "missing": found.missing,
                    "extra": found.extra,
                    "different": found.different,
                    "newer": found.newer,
                    "before_log": found.before_log,
                    "examples": {
                        "missing": found.missing_examples,
                        "extra": found.extra_examples,
                        "different": found.different_examples,
                    },
                }
                for name, found in self.collections.items()
            },
        }


# Notes of an index's entry: may the compared part of the log know it?
COMPARABLE, NEWER, BEFORE_LOG = 0, 1, 2


def compare_ledgers(log: Ledger, index: Ledger, *, replaceable: bool) -> CollectionComparison:
    """``log`` notes the partition of an entry, ``index`` one of the three notes above.

    Within a partition the first document of an id stands, as in the index. Where two partitions
    hold the same id, which one came first cannot be told from the log: either may be there.
    ``replaceable`` documents may have been written again since the fixed offsets were read.
    """
    result = CollectionComparison()
    for bucket in range(_BUCKETS):
        _compare_bucket(result, log, index, bucket, replaceable=replaceable)
    return result


def _compare_bucket(
    result: CollectionComparison, log: Ledger, index: Ledger, bucket: int, *, replaceable: bool
) -> None:
    expected: dict[str, dict[int, str]] = {}
    for document_id, content_hash, partition in log.entries(bucket):
        expected.setdefault(document_id, {}).setdefault(partition, content_hash)
    result.in_log += len(expected)
    for document_id, content_hash, note in index.entries(bucket):
        known = expected.pop(document_id, None)
        if note == NEWER and (known is None or replaceable):
            result.newer += 1
        elif known is not None:
            result.in_index += 1
            if content_hash not in known.values():
                result.different += 1
                _example(result.different_examples, document_id)
        elif note == BEFORE_LOG:
            result.before_log += 1
        else:
            result.in_index += 1
            result.extra += 1
            _example(result.extra_examples, document_id)
    for document_id in expected:
        result.missing += 1
        _example(result.missing_examples, document_id)


def _example(examples: list[str], document_id: str) -> None:
    if len(examples) < EXAMPLES:
        examples.append(document_id)
