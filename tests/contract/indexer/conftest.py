from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from elasticsearch import AsyncElasticsearch

from deploy.local.ports import free_ports
from deploy.local.stack import LocalStack
from services.indexer.adapters.elasticsearch_catalogue import ElasticsearchCatalogue
from services.indexer.adapters.index_definitions import index_definitions
from services.indexer.adapters.memory import MemoryCatalogue
from services.kernel.elastic.connection import ElasticsearchAccess, connect

Catalogue = ElasticsearchCatalogue | MemoryCatalogue


@pytest.fixture(scope="module")
def elasticsearch_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real node: the one that is named in the environment, or one of our own."""
    given = os.environ.get("CARELINE_TEST_ELASTICSEARCH")
    if given:
        yield given
        return
    with LocalStack(tmp_path_factory.mktemp("stack"), ports=free_ports(), services=()) as stack:
        yield stack.addresses.elasticsearch


@pytest.fixture
async def client(elasticsearch_url: str) -> AsyncIterator[AsyncElasticsearch]:
    """A client of a node that holds nothing of ours."""
    client = connect(ElasticsearchAccess(elasticsearch_url))
    found = await client.indices.get(index="careline-*")
    if found.body:
        await client.indices.delete(index=list(found.body))
    yield client
    await client.close()


@pytest.fixture
async def elasticsearch_catalogue(client: AsyncElasticsearch) -> ElasticsearchCatalogue:
    catalogue = ElasticsearchCatalogue(client, index_definitions())
    await catalogue.prepare()
    return catalogue


@pytest.fixture(params=["memory", "elasticsearch"])
def catalogue(request: pytest.FixtureRequest) -> Catalogue:
    if request.param == "memory":
        return MemoryCatalogue()
    found: ElasticsearchCatalogue = request.getfixturevalue("elasticsearch_catalogue")
    return found
