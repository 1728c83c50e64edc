"""The document store in memory, with Elasticsearch's manners: for tests, and for trying things."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence

from services.indexer.domain.documents import COLLECTIONS, Collection, Document
from services.indexer.domain.documents import position_of_stored as position_of
from services.indexer.ports import StoredDocument, Written

_PAGE = 100

Documents = dict[Collection, dict[str, Document]]


def _no_documents() -> Documents:
    return {collection: {} for collection in COLLECTIONS}


class MemoryStore:
    """Satisfies :class:`services.indexer.ports.DocumentStore`."""

    def __init__(self) -> None:
        self.written = _no_documents()
        self.findable = _no_documents()

    async def write(self, documents: Sequence[Document]) -> Written:
        taken = sum(self._write_one(document) for document in documents)
        return Written(taken, len(documents) - taken)

    def _write_one(self, document: Document) -> bool:
        there = self.written[document.collection]
        known = there.get(document.document_id)
        if known is not None and document.collection == "events":
            return False
        if known is not None and document.collection == "conversations":
            older = known.position.version < document.position.version
            if not older:
                return False
        there[document.document_id] = document
        return True

    async def refresh(self, collections: Sequence[Collection]) -> None:
        for collection in collections:
            self.findable[collection] = dict(self.written[collection])


class MemoryCatalogue:
    """Satisfies :class:`services.indexer.ports.DocumentCatalogue`."""

    def __init__(self) -> None:
        self.in_use = MemoryStore()

    async def write(self, documents: Sequence[Document]) -> Written:
        return await self.in_use.write(documents)

    async def refresh(self, collections: Sequence[Collection]) -> None:
        await self.in_use.refresh(collections)

    async def scan(
        self, collection: Collection, *, before: Mapping[int, int] | None = None
    ) -> AsyncIterator[Sequence[StoredDocument]]:
        found = [
            StoredDocument(document_id, json.loads(document.body))
            for document_id, document in self.in_use.findable[collection].items()
        ]
        if before is not None:
            found = [stored for stored in found if _is_before(stored, before)]
        for at in range(0, len(found), _PAGE):
            yield found[at : at + _PAGE]

    async def new_generation(self) -> MemoryGeneration:
        return MemoryGeneration(self)

    async def discard_unfinished(self) -> Sequence[str]:
        return []


class MemoryGeneration(MemoryStore):
    """Satisfies :class:`services.indexer.ports.DocumentGeneration`."""

    def __init__(self, catalogue: MemoryCatalogue) -> None:
        super().__init__()
        self._catalogue = catalogue

    async def publish(self) -> None:
        await self.refresh(COLLECTIONS)
        self._catalogue.in_use = self

    async def discard_previous(self) -> None:
        """Nothing else holds what was in use before."""


def _is_before(stored: StoredDocument, before: Mapping[int, int]) -> bool:
    position = position_of(stored.content)
    return position is not None and position.offset < before.get(position.partition, 0)
