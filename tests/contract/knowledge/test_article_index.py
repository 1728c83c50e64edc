from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from elasticsearch import AsyncElasticsearch

from deploy.local.ports import free_ports
from deploy.local.stack import LocalStack
from services.kernel.elastic.connection import ElasticsearchAccess, connect
from services.knowledge.adapters.elasticsearch_articles import (
    ElasticsearchArticleIndex,
    article_index_definition,
)
from services.knowledge.adapters.memory import MemoryArticleIndex
from services.knowledge.domain.articles import Article
from services.knowledge.ports import ArticleIndex, IndexUnavailableError

# The first test waits for a node to start.
pytestmark = pytest.mark.timeout(300)


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
    client = connect(ElasticsearchAccess(elasticsearch_url))
    found = await client.indices.get(index="careline-articles-*")
    if found.body:
        await client.indices.delete(index=list(found.body))
    yield client
    await client.close()


@pytest.fixture
async def elasticsearch_index(client: AsyncElasticsearch) -> ElasticsearchArticleIndex:
    index = ElasticsearchArticleIndex(client, article_index_definition())
    await index.prepare()
    return index


@pytest.fixture(params=["memory", "elasticsearch"])
def index(request: pytest.FixtureRequest) -> ArticleIndex:
    if request.param == "memory":
        return MemoryArticleIndex()
    found: ElasticsearchArticleIndex = request.getfixturevalue("elasticsearch_index")
    return found


def article(
    article_id: str,
    title: str,
    body: str = "",
    *,
    organisation_id: str = "acme",
    language: str = "",
) -> Article:
    return Article(article_id, organisation_id, language, title, body)


async def found(index: ArticleIndex, text: str, limit: int = 10) -> list[str]:
    return [hit.article.article_id for hit in await index.search("acme", text, limit)]


async def test_an_article_comes_back_as_it_was(index: ArticleIndex) -> None:
    kept = article("a1", "  Refunds, ＦＡＱ ①  ", "長" * 50_000 + "\nSee below.", language="zh-TW")
    await index.put([kept])
    (hit,) = await index.search("acme", "refunds", 5)
    assert hit.article == kept
    assert hit.score > 0


async def test_an_article_put_again_takes_its_place(index: ArticleIndex) -> None:
    await index.put([article("a1", "Seats"), article("a2", "Seats")])
    await index.put([article("a1", "Refunds")])
    assert await found(index, "seats") == ["a2"]
    assert await found(index, "refunds") == ["a1"]


async def test_of_one_article_twice_in_an_import_the_last_stands(index: ArticleIndex) -> None:
    await index.put([article("a1", "Seats"), article("a1", "Refunds")])
    assert await found(index, "seats") == []


async def test_an_article_may_exist_in_several_languages(index: ArticleIndex) -> None:
    await index.put([article("a1", "退款", language="zh"), article("a1", "Refunds", language="en")])
    assert [hit.article.language for hit in await index.search("acme", "退款", 5)] == ["zh"]
    assert [hit.article.language for hit in await index.search("acme", "refunds", 5)] == ["en"]


async def test_an_organisation_finds_its_own_articles_only(index: ArticleIndex) -> None:
    await index.put([article("a1", "Refunds", organisation_id="other"), article("a2", "Refunds")])
    assert await found(index, "refunds") == ["a2"]


async def test_width_and_case_do_not_matter(index: ArticleIndex) -> None:
    await index.put([article("a1", "ＷＡＬＬＥＴ top-up"), article("a2", "Seats")])
    assert await found(index, "wallet") == ["a1"]
    assert await found(index, "ｗａｌｌｅｔ") == ["a1"]


async def test_han_text_is_found_without_spaces(index: ArticleIndex) -> None:
    await index.put(
        [
            article("refund", "如何申请退款", "在订单页面点击退款按钮。"),
            article("delay", "航班延误怎么办", "请联系客服。"),
            article("wallet", "玉山Wallet怎么充值"),
        ]
    )
    assert (await found(index, "我要退款"))[0] == "refund"
    assert (await found(index, "飞机延误了"))[0] == "delay"
    assert (await found(index, "玉山wallet"))[0] == "wallet"


async def test_neighbouring_characters_count_more_than_scattered_ones(
    index: ArticleIndex,
) -> None:
    await index.put([article("scattered", "款到发货不退"), article("pair", "退款到账时间")])
    assert (await found(index, "退款"))[0] == "pair"


async def test_a_word_in_the_title_counts_more_than_in_the_body(index: ArticleIndex) -> None:
    await index.put(
        [
            article("body", "Seats on board", "A refund"),
            article("title", "A refund", "Seats on board"),
            article("neither", "Meals", "Drinks and bread"),
        ]
    )
    assert await found(index, "refund") == ["title", "body"]


async def test_rare_words_count_more_than_frequent_ones(index: ArticleIndex) -> None:
    await index.put(
        [article(f"n{number}", "How do I change my booking") for number in range(9)]
        + [article("rare", "Vouchers")]
    )
    assert (await found(index, "change vouchers", 1)) == ["rare"]


async def test_hits_come_best_first_and_no_more_than_asked_for(index: ArticleIndex) -> None:
    await index.put([article(f"a{number}", "refund " * number) for number in range(1, 8)])
    hits = await index.search("acme", "refund", 3)
    assert len(hits) == 3
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


async def test_what_nobody_wrote_about_finds_nothing(index: ArticleIndex) -> None:
    await index.put([article("a1", "Refunds")])
    assert await found(index, "submarine") == []
    assert await found(index, "…!?") == []


async def test_a_question_may_be_very_long(index: ArticleIndex) -> None:
    await index.put([article("a1", "Refunds")])
    endless = "refunds " + " ".join(f"word{number}" for number in range(20_000))
    assert await found(index, endless) == ["a1"]
    han = "refunds " + "".join(chr(0x4E00 + number) for number in range(20_000))
    assert await found(index, han) == ["a1"]


async def test_many_articles_go_in_at_once(index: ArticleIndex) -> None:
    await index.put([article(f"a{number}", f"Topic{number}") for number in range(1_234)])
    assert await found(index, "topic1233") == ["a1233"]


async def test_an_index_that_is_not_prepared_is_unavailable(client: AsyncElasticsearch) -> None:
    index = ElasticsearchArticleIndex(client, article_index_definition())
    with pytest.raises(IndexUnavailableError, match="try again"):
        await index.search("acme", "refund", 1)


async def test_a_node_that_does_not_answer_is_unavailable(
    elasticsearch_index: ElasticsearchArticleIndex, client: AsyncElasticsearch
) -> None:
    nowhere = connect(ElasticsearchAccess("http://127.0.0.1:1"))
    index = ElasticsearchArticleIndex(nowhere, article_index_definition())
    index._prepared = True
    with pytest.raises(IndexUnavailableError, match="try again"):
        await index.put([article("a1", "Refunds")])
    await nowhere.close()
