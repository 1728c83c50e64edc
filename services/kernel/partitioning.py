"""Which partition a key belongs to. Everyone who writes by key asks here."""

from __future__ import annotations

from zlib import crc32


def partition_of(key: str, partitions: int) -> int:
    """Return the partition of ``key``; stable across processes, languages and versions."""
    return crc32(key.encode()) % partitions
