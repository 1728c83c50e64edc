"""What the gateway needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from careline.event.v1.event_pb2 import Event
from careline.gateway.v1.payload_pb2 import Payload
from services.kernel.lane.records import Output


class UnavailableError(Exception):
    """Nothing durable can be promised now; the sender shall come back."""


class EventPublisher(Protocol):
    async def publish(self, events: Sequence[Event], payload: Payload | None = None) -> None:
        """Return once every event is durable. Raise ``UnavailableError`` when that cannot be.

        ``payload``: what they came in, kept beside them. An event may be published twice when the
        outcome of an attempt is unknown, and when the error is raised some of the events may be
        published: the next lane drops repeats exactly.
        """
        ...

    async def keep_letter(self, payload: Payload, reason: str) -> None:
        """Keep what was authentic and not understood. Raise ``UnavailableError``."""
        ...


class AppendFailedError(Exception):
    """The log did not take the records, or only some of them."""


class RecordLog(Protocol):
    """Kafka, as far as the gateway is concerned."""

    async def connect(self) -> None:
        """Return once the log is connected; that may take as long as it is away."""
        ...

    async def append(self, records: Sequence[Output]) -> None:
        """Return once all records are replicated, each partition's in order.

        Waits as long as the log is away. Raise ``AppendFailedError`` where waiting does not help.
        A call that is cancelled may still take effect.
        """
        ...

    async def stop(self) -> None: ...


class SpoolFullError(Exception):
    """The spool has reached its bound."""


class SpoolWriteError(Exception):
    """The disk did not take it; the message says why."""


@dataclass(frozen=True, slots=True)
class SpooledSegment:
    number: int
    records: Sequence[bytes]


class RecordSpool(Protocol):
    """A bounded queue on disk. Its calls block: run them in a thread."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def full(self) -> bool:
        """Tell whether a record of the largest size would be turned away."""
        ...

    def append(self, record: bytes) -> None:
        """Return once the record survives the machine's sudden end.

        Raise ``SpoolFullError`` or ``SpoolWriteError``; then it was not taken.
        """
        ...

    def oldest(self) -> SpooledSegment | None:
        """Return what was appended first, or None when nothing is left.

        What is returned stays until ``remove``, and nothing is appended to it any more.
        """
        ...

    def remove(self, segment: SpooledSegment) -> None: ...
