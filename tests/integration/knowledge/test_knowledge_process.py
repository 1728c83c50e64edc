from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from careline.knowledge.v1 import knowledge_service_pb2 as messages
from careline.knowledge.v1 import knowledge_service_pb2_grpc as stubs
from deploy.local.ports import free_ports, free_service_ports
from deploy.local.services import ServicePorts, ServiceSpec
from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    bare = ServiceSpec(
        name="knowledge", module="services.knowledge", ports=ServicePorts(metrics=0, grpc=0)
    )
    spec = ServiceSpec(
        name="knowledge",
        module="services.knowledge",
        ports=free_service_ports(bare, set()),
        address="KNOWLEDGE",
    )
    run_dir = tmp_path_factory.mktemp("stack")
    with LocalStack(run_dir, ports=free_ports((spec,)), services=(spec,)) as stack:
        yield stack


@pytest.fixture
async def knowledge(stack: LocalStack) -> AsyncIterator[stubs.KnowledgeServiceAsyncStub]:
    address = stack.addresses.grpc["KNOWLEDGE"]
    async with grpc.aio.insecure_channel(address) as channel:
        yield stubs.KnowledgeServiceStub(channel)


async def test_articles_outlive_an_elasticsearch_that_went_away(
    stack: LocalStack, knowledge: stubs.KnowledgeServiceAsyncStub
) -> None:
    article = messages.Article(
        article_id="a1", organisation_id="acme", language="zh", title="如何申请退款"
    )
    await knowledge.Import(messages.ImportRequest(articles=[article]))
    question = messages.SearchRequest(organisation_id="acme", text="我要退款")
    assert [hit.article for hit in (await knowledge.Search(question)).hits] == [article]

    stack["elasticsearch"].kill(restart=False)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await knowledge.Search(question)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

    await asyncio.to_thread(stack["elasticsearch"].start)
    await asyncio.to_thread(stack["elasticsearch"].wait_ready, seconds=120)
    assert await _found_again(knowledge, question) == [article]
    assert stack["knowledge"].restarts == 0


async def _found_again(
    knowledge: stubs.KnowledgeServiceAsyncStub, question: messages.SearchRequest
) -> list[messages.Article]:
    """Ask until the node has brought its shards back."""
    deadline = time.monotonic() + 60.0
    while True:
        try:
            found = await knowledge.Search(question)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return [hit.article for hit in found.hits]
