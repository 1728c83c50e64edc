"""``KnowledgeService``: proto in, proto out; no rules here."""

from __future__ import annotations

from typing import Any

import grpc

from careline.knowledge.v1 import knowledge_service_pb2 as messages
from careline.knowledge.v1 import knowledge_service_pb2_grpc as stubs
from services.knowledge.domain.articles import Article
from services.knowledge.handlers import InvalidRequestError, KnowledgeBase
from services.knowledge.ports import IndexUnavailableError

NAME = "careline.knowledge.v1.KnowledgeService"


class KnowledgeServicer(stubs.KnowledgeServiceServicer):
    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge

    async def Import(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.ImportRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> messages.ImportResponse:
        articles = [_article(told) for told in request.articles]
        try:
            imported = await self._knowledge.import_articles(articles)
        except (InvalidRequestError, IndexUnavailableError) as error:
            await context.abort(_code_of(error), str(error))
        return messages.ImportResponse(imported=imported)

    async def Search(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.SearchRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> messages.SearchResponse:
        try:
            hits = await self._knowledge.search(
                request.organisation_id, request.text, request.limit
            )
        except (InvalidRequestError, IndexUnavailableError) as error:
            await context.abort(_code_of(error), str(error))
        return messages.SearchResponse(
            hits=[messages.Hit(article=_told(hit.article), score=hit.score) for hit in hits]
        )


def _code_of(error: InvalidRequestError | IndexUnavailableError) -> grpc.StatusCode:
    if isinstance(error, InvalidRequestError):
        return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.UNAVAILABLE


def _article(told: messages.Article) -> Article:
    return Article(
        article_id=told.article_id,
        organisation_id=told.organisation_id,
        language=told.language,
        title=told.title,
        body=told.body,
    )


def _told(article: Article) -> messages.Article:
    return messages.Article(
        article_id=article.article_id,
        organisation_id=article.organisation_id,
        language=article.language,
        title=article.title,
        body=article.body,
    )
