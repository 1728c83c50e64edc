"""The document store in Elasticsearch: patient, bounded, idempotent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog
from elasticsearch import AsyncElasticsearch

from services.indexer.adapters.bulk import Outcome, chunks, operations, outcome_of
from services.indexer.domain.documents import Collection, Document
from services.indexer.ports import Written
from services.kernel.elastic.connection import (
    FIRST_DELAY_SECONDS,
    Sleep,
    is_transient,
    next_delay,
    retried,
)
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)


class ElasticsearchStore:
    """Satisfies :class:`services.indexer.ports.DocumentStore`.

    ``targets`` names an alias or an index for each collection; ``through_aliases`` makes sure that
    a missing alias is never taken for a new index's name.
    """

    def __init__(
        self,
        client: AsyncElasticsearch,
        targets: Mapping[Collection, str],
        *,
        through_aliases: bool,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._targets = targets
        self._through_aliases = through_aliases
        self._sleep = sleep

    async def write(self, documents: Sequence[Document]) -> Written:
        written = there_already = 0
        for chunk in chunks(documents):
            outcomes = await self._write_chunk(chunk)
            written += outcomes[Outcome.WRITTEN]
            there_already += outcomes[Outcome.THERE_ALREADY]
        for outcome, count in ((Outcome.WRITTEN, written), (Outcome.THERE_ALREADY, there_already)):
            metrics.INDEXER_DOCUMENTS.labels(outcome=outcome.value).inc(count)
        return Written(written, there_already)

    async def _write_chunk(self, chunk: list[Document]) -> dict[Outcome, int]:
        """Send until every document is there. Within a chunk the order of one id's is kept."""
        totals = dict.fromkeys(Outcome, 0)
        delay = FIRST_DELAY_SECONDS
        waiting = chunk
        while waiting:
            outcomes = await self._send(waiting)
            for outcome in outcomes:
                totals[outcome] += 1
            waiting = [
                document
                for document, outcome in zip(waiting, outcomes, strict=True)
                if outcome is Outcome.TRY_AGAIN
            ]
            if waiting:
                metrics.INDEXER_RETRIES.inc()
                await self._sleep(delay)
                delay = next_delay(delay)
        return totals

    async def _send(self, documents: list[Document]) -> list[Outcome]:
        try:
            answer = await self._client.bulk(
                # Lines that are bytes already go as they are.
                operations=cast("Any", operations(documents, self._targets)),
                require_alias=self._through_aliases,
            )
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("elasticsearch is in trouble", what="bulk", error=str(error))
            return [Outcome.TRY_AGAIN] * len(documents)
        if not answer["errors"]:
            return [Outcome.WRITTEN] * len(documents)
        outcomes = [
            outcome_of(document, item)
            for document, item in zip(documents, answer["items"], strict=True)
        ]
        again = outcomes.count(Outcome.TRY_AGAIN)
        if again:
            log.warning("elasticsearch takes no more at present", documents=again)
        return outcomes

    async def refresh(self, collections: Sequence[Collection]) -> None:
        names = [self._targets[collection] for collection in collections]

        async def refresh() -> None:
            await self._client.indices.refresh(index=names)

        await retried(refresh, "refresh", sleep=self._sleep)
