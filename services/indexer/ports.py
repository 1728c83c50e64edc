"""What the indexer needs from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from services.indexer.domain.conversations import ConversationState
from services.indexer.domain.documents import Collection, Document
from services.kernel.lane.records import Record


class DocumentRefusedError(RuntimeError):
    """The store will never take this document: a bug in the document or in the mapping."""


class Written(NamedTuple):
    """``there_already`` counts documents that were there, or there in a newer version."""

    written: int = 0
    there_already: int = 0


class DocumentStore(Protocol):
    """A place for documents. Trouble that may pass is waited for inside, for as long as it takes.

    An event's document is created and never changed. A conversation's is replaced by one of a later
    position only. A run's is replaced.
    """

    async def write(self, documents: Sequence[Document]) -> Written:
        """Make the documents durable; raise :class:`DocumentRefusedError` where one is invalid."""
        ...

    async def refresh(self, collections: Sequence[Collection]) -> None:
        """Make what was written before findable by searches."""
        ...


class StoredDocument(NamedTuple):
    document_id: str
    content: Mapping[str, Any]


class DocumentReader(Protocol):
    def scan(
        self, collection: Collection, *, before: Mapping[int, int] | None = None
    ) -> AsyncIterator[Sequence[StoredDocument]]:
        """Yield every findable document as of one instant.

        ``before``: only those whose position is before an offset, by partition.
        """
        ...


class DocumentGeneration(DocumentStore, Protocol):
    """A new set of indices that nobody reads yet."""

    async def publish(self) -> None:
        """Put it in the place of the indices in use, all collections at once."""
        ...

    async def discard_previous(self) -> None:
        """Remove what was in use before ``publish``."""
        ...


class DocumentCatalogue(DocumentStore, DocumentReader, Protocol):
    """The documents in use, and the way to build them anew."""

    async def new_generation(self) -> DocumentGeneration:
        """Begin a new set; raise where an unfinished one is there already."""
        ...

    async def discard_unfinished(self) -> Sequence[str]:
        """Remove the sets that were begun and never published; return their names."""
        ...


@dataclass(frozen=True, slots=True)
class LogBounds:
    """Offsets that a partition has: from ``begin`` up to, not including, ``end``."""

    begin: int
    end: int


class EventLog(Protocol):
    """The indexer's input."""

    async def bounds(self) -> dict[int, LogBounds]: ...

    def read(
        self, begin: Mapping[int, int], end: Mapping[int, int]
    ) -> AsyncIterator[Sequence[Record]]:
        """Yield each partition's records from ``begin`` up to, not including, ``end``."""
        ...


class LaneSnapshot(Protocol):
    """The lane's state as of its last transaction."""

    @property
    def applied(self) -> Mapping[int, int]:
        """The last input offset whose documents are in the index, by partition; -1 before any."""
        ...

    def conversations(self) -> Iterable[ConversationState]: ...


class LaneState(Protocol):
    async def snapshot(self) -> LaneSnapshot: ...
