"""Dead letters: what could not be understood, kept with its reason and its original bytes."""

from __future__ import annotations

from services.kernel.lane.records import (
    LANE_HEADER,
    ORIGIN_HEADER,
    REASON_HEADER,
    SOURCE_HEADER,
    Output,
    Record,
    Source,
)


class DeadLetterLimitError(RuntimeError):
    """Too many bad events in a row: more likely a bad deploy than bad events."""


class DeadLetterLimit:
    """Counts a partition's consecutive dead letters and stops the lane at the limit.

    The count travels in the watermark record, so that restarting in a loop does not drain the
    topic limit by limit. A good event (no tick), or another decision version, starts it anew.
    """

    def __init__(self, lane: str, partition: int, limit: int, consecutive: int = 0) -> None:
        self._lane = lane
        self._partition = partition
        self._limit = limit
        self.consecutive = consecutive

    def succeeded(self) -> None:
        self.consecutive = 0

    def failed(self, reason: str) -> None:
        self.consecutive += 1
        if self.consecutive > self._limit:
            raise DeadLetterLimitError(
                f"lane {self._lane}, partition {self._partition}: {self._limit} events in a row "
                f"could not be understood, the last one because: {reason}. The lane stops rather "
                "than drain its topic into the dead letters; deploy a version that understands "
                "them, or raise the lane's dead_letter_limit."
            )


def dead_letter(
    record: Record, *, topic: str, lane: str, source: Source, value: bytes, reason: str
) -> Output:
    """Return the dead letter of a record, or of one event of it (``source.part`` tells which)."""
    return Output(
        topic=topic,
        partition=record.partition,
        key=record.key,
        value=value,
        timestamp_ms=record.timestamp_ms,
        headers=(
            (SOURCE_HEADER, source.encode()),
            (ORIGIN_HEADER, f"{record.topic}/{record.partition}/{record.offset}".encode()),
            (LANE_HEADER, lane.encode()),
            (REASON_HEADER, reason.encode()),
        ),
    )
