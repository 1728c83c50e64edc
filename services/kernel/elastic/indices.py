"""Indices behind aliases: everyone reads and writes an alias, a rebuild swaps what it stands for.

An alias ``careline-events`` stands for one index ``careline-events-000001``; the number counts
rebuilds. The template gives every such index its settings and its mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch, BadRequestError

_ALREADY_EXISTS = "resource_already_exists_exception"
# Above what a cluster's own templates use.
_TEMPLATE_PRIORITY = 500


class MappingConflictError(RuntimeError):
    """The index in use was made with a mapping that the running version cannot extend."""


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    alias: str
    mappings: Mapping[str, Any]
    settings: Mapping[str, Any]
    # What to do when the mapping changed in a way that an index in use cannot take.
    remedy: str

    def index_name(self, number: int) -> str:
        return f"{self.alias}-{number:06d}"

    def number_of(self, index: str) -> int:
        """Return how many rebuilds led to an index of this alias; it begins at 1."""
        return int(index.removeprefix(f"{self.alias}-"))


async def ensure_index(client: AsyncElasticsearch, definition: IndexDefinition) -> None:
    """Create what is missing of template, index and alias, and add new fields to the mapping.

    Several processes may do it at once.
    """
    await put_template(client, definition)
    await ensure_alias(client, definition)
    try:
        await client.indices.put_mapping(
            index=definition.alias, properties=definition.mappings["properties"]
        )
    except BadRequestError as error:
        raise MappingConflictError(
            f"the index behind {definition.alias!r} has another mapping than this version needs: "
            f"{error}. {definition.remedy}"
        ) from error


async def ensure_alias(client: AsyncElasticsearch, definition: IndexDefinition) -> None:
    """Create the first index where the alias stands for none yet."""
    if not await client.indices.exists_alias(name=definition.alias):
        await create_index(
            client, definition.index_name(1), aliases={definition.alias: {}}, tolerate_existing=True
        )


async def put_template(client: AsyncElasticsearch, definition: IndexDefinition) -> None:
    await client.indices.put_index_template(
        name=definition.alias,
        index_patterns=[f"{definition.alias}-*"],
        priority=_TEMPLATE_PRIORITY,
        template={"settings": definition.settings, "mappings": definition.mappings},
    )


async def create_index(
    client: AsyncElasticsearch,
    index: str,
    *,
    aliases: Mapping[str, Mapping[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    tolerate_existing: bool = False,
) -> None:
    """Create an index from its template."""
    try:
        await client.indices.create(index=index, aliases=aliases, settings=settings)
    except BadRequestError as error:
        if not (tolerate_existing and error.error == _ALREADY_EXISTS):
            raise


async def shards_behind(client: AsyncElasticsearch, alias: str) -> int | None:
    """Return the number of shards that the alias's index was made with; None without one."""
    if not await client.indices.exists_alias(name=alias):
        return None
    answer = await client.indices.get_settings(index=alias, name="index.number_of_shards")
    (settings,) = answer.body.values()
    return int(settings["settings"]["index"]["number_of_shards"])


async def index_behind(client: AsyncElasticsearch, alias: str) -> str:
    """Return the one index that the alias stands for."""
    answer = await client.indices.get_alias(name=alias)
    (index,) = answer.body
    return str(index)
