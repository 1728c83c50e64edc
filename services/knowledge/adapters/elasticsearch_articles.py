"""The article index in Elasticsearch: folded text, no plugin, no licence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from elasticsearch import AsyncElasticsearch

from services.kernel.elastic.connection import is_transient, is_transient_status
from services.kernel.elastic.indices import IndexDefinition, ensure_index
from services.knowledge.domain.articles import Article
from services.knowledge.domain.folding import fold, han_bigrams
from services.knowledge.ports import Hit, IndexUnavailableError

ALIAS = "careline-articles"

_NO_ANSWER = "Elasticsearch does not answer; try again"

_CHUNK = 500
_IMPORT_SECONDS = 30.0
_SEARCH_SECONDS = 5.0
# A question longer than this is ranked by its beginning: every word of it is a clause.
_MAX_QUERY_CHARACTERS = 300

# Measured on StackFAQ (MRR .796; title and body alone .789) and LCQMC (bigrams at .2: .893 to
# .896, at .7 only .883). The title counts twice: by itself, and in everything.
_WEIGHTS: Mapping[str, float] = {"title_text": 1.0, "body_text": 0.5, "everything": 1.0}
_BIGRAMS_WEIGHT = 0.2

_STORED: Mapping[str, Any] = {"type": "keyword", "index": False, "doc_values": False}
_KEYWORD: Mapping[str, Any] = {"type": "keyword", "ignore_above": 8191}
_TEXT: Mapping[str, Any] = {"type": "text", "analyzer": "careline_text"}
_ARTICLE_FIELDS = ("article_id", "organisation_id", "language", "title", "body")


class RefusedArticleError(RuntimeError):
    """Elasticsearch will never take this article: a bug in the document or in the mapping."""


def article_index_definition(*, shards: int = 1) -> IndexDefinition:
    return IndexDefinition(
        alias=ALIAS,
        mappings={
            "dynamic": "strict",
            "properties": {
                "article_id": _KEYWORD,
                "organisation_id": _KEYWORD,
                "language": _KEYWORD,
                "title": _STORED,
                "body": _STORED,
                # Folded, for searching.
                "title_text": {**_TEXT, "copy_to": "everything"},
                "body_text": {**_TEXT, "copy_to": "everything"},
                "everything": _TEXT,
                "bigrams": {"type": "text", "analyzer": "whitespace"},
            },
        },
        settings={
            "number_of_shards": shards,
            "auto_expand_replicas": "0-1",
            "analysis": {
                "analyzer": {
                    "careline_text": {
                        "type": "custom",
                        "tokenizer": "standard",
                        "filter": ["lowercase"],
                    }
                }
            },
        },
        remedy=f"Import the articles into a new index and let the alias {ALIAS} stand for it.",
    )


class ElasticsearchArticleIndex:
    """Satisfies :class:`services.knowledge.ports.ArticleIndex`."""

    def __init__(self, client: AsyncElasticsearch, definition: IndexDefinition) -> None:
        self._client = client
        self._definition = definition
        self._prepared = False

    async def prepare(self) -> None:
        """Create what is missing of template, index and alias."""
        await ensure_index(self._client, self._definition)
        self._prepared = True

    async def put(self, articles: Sequence[Article]) -> None:
        self._require_prepared()
        for at in range(0, len(articles), _CHUNK):
            await self._put_chunk(articles[at : at + _CHUNK])

    async def _put_chunk(self, articles: Sequence[Article]) -> None:
        operations: list[dict[str, Any]] = []
        for article in articles:
            operations.append({"index": {"_index": ALIAS, "_id": article.document_id}})
            operations.append(document_of(article))
        try:
            answer = await self._client.options(request_timeout=_IMPORT_SECONDS).bulk(
                operations=operations, require_alias=True, refresh=True
            )
        except Exception as error:
            if is_transient(error):
                raise IndexUnavailableError(_NO_ANSWER) from error
            raise
        for article, item in zip(articles, answer["items"], strict=True):
            _check(article, item["index"])

    async def search(self, organisation_id: str, text: str, limit: int) -> list[Hit]:
        self._require_prepared()
        try:
            answer = await self._client.options(request_timeout=_SEARCH_SECONDS).search(
                index=ALIAS,
                size=limit,
                query=query_of(organisation_id, text),
                # Equal scores need an order too.
                sort=["_score", {"article_id": "asc"}, {"language": "asc"}],
                source_includes=list(_ARTICLE_FIELDS),
                track_scores=True,
                track_total_hits=False,
            )
        except Exception as error:
            if is_transient(error):
                raise IndexUnavailableError(_NO_ANSWER) from error
            raise
        return [Hit(_article(hit["_source"]), hit["_score"]) for hit in answer["hits"]["hits"]]

    def _require_prepared(self) -> None:
        if not self._prepared:
            raise IndexUnavailableError("the article index waits for Elasticsearch; try again")


def document_of(article: Article) -> dict[str, Any]:
    title, body = fold(article.title), fold(article.body)
    return {
        **{name: getattr(article, name) for name in _ARTICLE_FIELDS},
        "title_text": title,
        "body_text": body,
        # Two lines, so that no pair crosses from the title into the body.
        "bigrams": han_bigrams(f"{title}\n{body}"),
    }


def query_of(organisation_id: str, text: str) -> dict[str, Any]:
    """Sum the fields' BM25 scores; the organisation decides, it does not score."""
    folded = fold(text[:_MAX_QUERY_CHARACTERS])
    should = [
        {"match": {name: {"query": folded, "boost": boost}}} for name, boost in _WEIGHTS.items()
    ]
    pairs = han_bigrams(folded)
    if pairs:
        should.append({"match": {"bigrams": {"query": pairs, "boost": _BIGRAMS_WEIGHT}}})
    return {
        "bool": {
            "filter": [{"term": {"organisation_id": organisation_id}}],
            "should": should,
            "minimum_should_match": 1,
        }
    }


def _article(source: Mapping[str, Any]) -> Article:
    return Article(**{name: source[name] for name in _ARTICLE_FIELDS})


def _check(article: Article, answer: Mapping[str, Any]) -> None:
    error = answer.get("error")
    if error is None:
        return
    if is_transient_status(int(answer["status"])):
        raise IndexUnavailableError("Elasticsearch takes no more at present; import again")
    raise RefusedArticleError(
        f"Elasticsearch refuses article {article.article_id!r}: {error['type']}: {error['reason']}"
    )
