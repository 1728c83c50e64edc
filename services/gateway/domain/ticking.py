"""Which partitions stand still, and the name of a tick."""

from __future__ import annotations

from collections.abc import Sequence

LIVE = "live"
TICK_EVERY_US = 1_000_000


def quiet_partitions(latest_at_us: Sequence[int], now_us: int) -> list[int]:
    """Return the partitions that no event has moved to within the last second.

    ``latest_at_us``: by partition, the latest time at which an event that went there occurred.
    Events that come late keep a partition busy and still leave its time behind: those are quiet.
    """
    oldest = now_us - TICK_EVERY_US
    return [partition for partition, at_us in enumerate(latest_at_us) if at_us < oldest]


def live_tick_id(partition: int, now_us: int) -> str:
    return f"tick/{LIVE}/{partition}/{now_us // 1_000_000}"
