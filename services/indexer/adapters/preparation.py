"""Getting the indices ready beside the lane: writing waits for it, stopping does not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.indexer.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.indexer.domain.documents import Collection, Document
from services.indexer.ports import Written
from services.kernel.elastic.connection import retried


class Preparation:
    """A store that is there at once and usable once Elasticsearch is.

    Satisfies :class:`services.indexer.ports.DocumentStore`.
    """

    def __init__(self, catalogue: ElasticsearchCatalogue) -> None:
        self._catalogue = catalogue
        self._ready: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._ready = asyncio.create_task(retried(self._catalogue.prepare, "preparing the indices"))

    async def stop(self) -> None:
        if self._ready is not None:
            self._ready.cancel()

    def report(self) -> tuple[bool, Mapping[str, object]]:
        task = self._ready
        done = task is not None and task.done() and not task.cancelled()
        failed = done and task is not None and task.exception() is not None
        state = "failed" if failed else "ready" if done else "waiting for elasticsearch"
        return done and not failed, {"indices": state}

    async def _wait(self) -> None:
        if self._ready is None:
            raise RuntimeError("the store is written to before it was started")
        await asyncio.shield(self._ready)

    async def write(self, documents: Sequence[Document]) -> Written:
        await self._wait()
        return await self._catalogue.write(documents)

    async def refresh(self, collections: Sequence[Collection]) -> None:
        await self._wait()
        await self._catalogue.refresh(collections)
