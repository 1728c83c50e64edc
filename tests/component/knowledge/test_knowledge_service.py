from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest

from careline.knowledge.v1 import knowledge_service_pb2 as messages
from careline.knowledge.v1 import knowledge_service_pb2_grpc as stubs
from services.kernel.grpc_server import GrpcServer
from services.knowledge.adapters.memory import MemoryArticleIndex
from services.knowledge.handlers import KnowledgeBase
from services.knowledge.ports import ArticleIndex, Hit, IndexUnavailableError
from services.knowledge.servicer import NAME, KnowledgeServicer


class Indices:
    """The index that the service uses; a test may put another in its place."""

    def __init__(self) -> None:
        self.used: ArticleIndex = MemoryArticleIndex()

    async def put(self, articles: object) -> None:
        await self.used.put(articles)  # type: ignore[arg-type]  # passed on as it came

    async def search(self, organisation_id: str, text: str, limit: int) -> list[Hit]:
        return await self.used.search(organisation_id, text, limit)


class Unavailable:
    async def put(self, articles: object) -> None:
        raise IndexUnavailableError("Elasticsearch does not answer; try again")

    async def search(self, organisation_id: str, text: str, limit: int) -> list[Hit]:
        raise IndexUnavailableError("Elasticsearch does not answer; try again")


@pytest.fixture
def indices() -> Indices:
    return Indices()


@pytest.fixture
async def knowledge(indices: Indices) -> AsyncIterator[stubs.KnowledgeServiceAsyncStub]:
    def register(server: grpc.aio.Server) -> None:
        stubs.add_KnowledgeServiceServicer_to_server(
            KnowledgeServicer(KnowledgeBase(indices)), server
        )

    server = GrpcServer("127.0.0.1:0", [NAME], register)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield stubs.KnowledgeServiceStub(channel)
    await server.stop()


def article(article_id: str, title: str, organisation_id: str = "acme") -> messages.Article:
    return messages.Article(
        article_id=article_id, organisation_id=organisation_id, language="en", title=title, body="B"
    )


async def test_an_imported_article_is_found_as_it_was(
    knowledge: stubs.KnowledgeServiceAsyncStub,
) -> None:
    wanted = article("a1", "How do I get a Refund?")
    answer = await knowledge.Import(
        messages.ImportRequest(articles=[wanted, article("a2", "Seats")])
    )
    assert answer.imported == 2
    found = await knowledge.Search(
        messages.SearchRequest(organisation_id="acme", text="ＲＥＦＵＮＤ")
    )
    assert [hit.article for hit in found.hits] == [wanted]
    assert found.hits[0].score > 0


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (messages.SearchRequest(text="refund"), "organisation_id is empty"),
        (messages.SearchRequest(organisation_id="acme", text="  "), "text is empty"),
        (
            messages.SearchRequest(organisation_id="acme", text="refund", limit=500),
            "limit is 500: at most 100",
        ),
    ],
)
async def test_a_question_that_cannot_be_answered_says_why(
    knowledge: stubs.KnowledgeServiceAsyncStub, request_: messages.SearchRequest, message: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match=message) as refused:
        await knowledge.Search(request_)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_import_with_an_invalid_article_keeps_none(
    knowledge: stubs.KnowledgeServiceAsyncStub,
) -> None:
    bad = article("a2", "Refund", organisation_id="")
    with pytest.raises(grpc.aio.AioRpcError, match=r"articles\[1\] \('a2'\) has no org") as refused:
        await knowledge.Import(messages.ImportRequest(articles=[article("a1", "Refund"), bad]))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    found = await knowledge.Search(messages.SearchRequest(organisation_id="acme", text="refund"))
    assert not found.hits


async def test_an_index_in_trouble_asks_to_try_again(
    knowledge: stubs.KnowledgeServiceAsyncStub, indices: Indices
) -> None:
    indices.used = Unavailable()
    with pytest.raises(grpc.aio.AioRpcError, match="try again") as refused:
        await knowledge.Search(messages.SearchRequest(organisation_id="acme", text="refund"))
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_nothing_to_import_is_no_trouble(
    knowledge: stubs.KnowledgeServiceAsyncStub, indices: Indices
) -> None:
    indices.used = Unavailable()
    assert (await knowledge.Import(messages.ImportRequest())).imported == 0
