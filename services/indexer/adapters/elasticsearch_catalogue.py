"""The documents in use in Elasticsearch: written through aliases, read as of one instant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from elasticsearch import AsyncElasticsearch

from services.indexer.adapters.elasticsearch_store import ElasticsearchStore
from services.indexer.adapters.index_definitions import REFRESH_INTERVAL
from services.indexer.domain.documents import COLLECTIONS, POSITION, Collection
from services.indexer.ports import StoredDocument
from services.kernel.elastic.connection import Sleep
from services.kernel.elastic.indices import (
    IndexDefinition,
    create_index,
    ensure_alias,
    ensure_index,
    index_behind,
    put_template,
)

_PAGE = 2_000
_KEEP_ALIVE = "5m"


class UnfinishedRebuildError(RuntimeError):
    """The next generation's index is there already."""


class ElasticsearchCatalogue(ElasticsearchStore):
    """Satisfies :class:`services.indexer.ports.DocumentCatalogue`."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        definitions: Mapping[Collection, IndexDefinition],
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        aliases = {collection: definitions[collection].alias for collection in COLLECTIONS}
        super().__init__(client, aliases, through_aliases=True, sleep=sleep)
        self._definitions = definitions

    async def prepare(self) -> None:
        """Create what is missing of templates, indices and aliases."""
        for collection in COLLECTIONS:
            await ensure_index(self._client, self._definitions[collection])

    async def scan(
        self, collection: Collection, *, before: Mapping[int, int] | None = None
    ) -> AsyncIterator[Sequence[StoredDocument]]:
        opened = await self._client.open_point_in_time(
            index=self._targets[collection], keep_alive=_KEEP_ALIVE
        )
        pit: dict[str, Any] = {"id": opened["id"], "keep_alive": _KEEP_ALIVE}
        last: list[Any] | None = None
        try:
            while True:
                answer = await self._client.search(
                    pit=pit,
                    size=_PAGE,
                    sort=[{"_shard_doc": "asc"}],
                    search_after=last,
                    query=_before(before),
                    track_total_hits=False,
                )
                pit["id"] = answer["pit_id"]
                hits = answer["hits"]["hits"]
                if not hits:
                    return
                yield [StoredDocument(hit["_id"], hit["_source"]) for hit in hits]
                last = hits[-1]["sort"]
        finally:
            await self._client.close_point_in_time(id=pit["id"])

    async def new_generation(self) -> ElasticsearchGeneration:
        """Create the next index of every collection, tuned for filling.

        The indices in use may have a mapping that this version cannot extend: it is not touched.
        """
        for collection in COLLECTIONS:
            await put_template(self._client, self._definitions[collection])
            await ensure_alias(self._client, self._definitions[collection])
        previous = {
            collection: await index_behind(self._client, self._targets[collection])
            for collection in COLLECTIONS
        }
        names: dict[Collection, str] = {}
        for collection in COLLECTIONS:
            definition = self._definitions[collection]
            number = definition.number_of(previous[collection]) + 1
            names[collection] = definition.index_name(number)
        for collection in COLLECTIONS:
            await self._refuse_existing(names[collection])
        for collection in COLLECTIONS:
            await create_index(self._client, names[collection], settings={"refresh_interval": "-1"})
        return ElasticsearchGeneration(
            self._client, names, aliases=self._targets, previous=previous, sleep=self._sleep
        )

    async def discard_unfinished(self) -> list[str]:
        """Remove indices that no alias stands for: what a broken-off rebuild left. Names them."""
        leftover: list[str] = []
        for definition in self._definitions.values():
            if not await self._client.indices.exists_alias(name=definition.alias):
                continue
            used = await index_behind(self._client, definition.alias)
            found = await self._client.indices.get(index=f"{definition.alias}-*")
            leftover += sorted(
                index
                for index in found.body
                if definition.number_of(index) > definition.number_of(used)
            )
        if leftover:
            await self._client.indices.delete(index=leftover)
        return leftover

    async def _refuse_existing(self, index: str) -> None:
        if await self._client.indices.exists(index=index):
            raise UnfinishedRebuildError(
                f"index {index!r} is there already: another rebuild is at work, or one was broken "
                "off. In the latter case run: careline index rebuild --discard-unfinished"
            )


class ElasticsearchGeneration(ElasticsearchStore):
    """Satisfies :class:`services.indexer.ports.DocumentGeneration`."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        names: Mapping[Collection, str],
        *,
        aliases: Mapping[Collection, str],
        previous: Mapping[Collection, str],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(client, names, through_aliases=False, sleep=sleep)
        self._aliases = aliases
        self._previous = previous

    async def publish(self) -> None:
        """Swap every alias in one step of the cluster's state: nobody sees half of it."""
        await self._client.indices.put_settings(
            index=list(self._targets.values()),
            settings={"index": {"refresh_interval": REFRESH_INTERVAL}},
        )
        await self.refresh(COLLECTIONS)
        actions: list[dict[str, Any]] = []
        for collection in COLLECTIONS:
            alias = self._aliases[collection]
            # must_exist: another rebuild may have swapped it meanwhile.
            gone = {"index": self._previous[collection], "alias": alias, "must_exist": True}
            actions.append({"remove": gone})
            actions.append({"add": {"index": self._targets[collection], "alias": alias}})
        await self._client.indices.update_aliases(actions=actions)

    async def discard_previous(self) -> None:
        await self._client.indices.delete(
            index=[self._previous[collection] for collection in COLLECTIONS]
        )


def _before(before: Mapping[int, int] | None) -> dict[str, Any]:
    if before is None:
        return {"match_all": {}}
    partitions = [
        {
            "bool": {
                "filter": [
                    {"term": {f"{POSITION}.partition": partition}},
                    {"range": {f"{POSITION}.offset": {"lt": offset}}},
                ]
            }
        }
        for partition, offset in sorted(before.items())
    ]
    return {"bool": {"should": partitions, "minimum_should_match": 1}}
