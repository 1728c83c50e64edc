"""The knowledge base's use cases: take articles in, find them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.knowledge.domain.articles import Article, InvalidArticleError
from services.knowledge.ports import ArticleIndex, Hit

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 100


class InvalidRequestError(ValueError):
    """The message names the field and what it should be."""


class KnowledgeBase:
    def __init__(self, index: ArticleIndex) -> None:
        self._index = index

    async def import_articles(self, articles: Sequence[Article]) -> int:
        """Keep all or, where one is invalid, none; return how many."""
        for number, article in enumerate(articles):
            try:
                article.check()
            except InvalidArticleError as error:
                name = f" ({article.article_id!r})" if article.article_id else ""
                raise InvalidRequestError(f"articles[{number}]{name} {error}") from error
        if articles:
            await self._index.put(articles)
        return len(articles)

    async def search(self, organisation_id: str, text: str, limit: int) -> list[Hit]:
        """``limit`` 0 stands for the default."""
        if not organisation_id:
            raise InvalidRequestError("organisation_id is empty: whose articles?")
        if not text.strip():
            raise InvalidRequestError("text is empty: what is the question?")
        if limit > MAX_LIMIT:
            raise InvalidRequestError(f"limit is {limit}: at most {MAX_LIMIT}")
        return await self._index.search(organisation_id, text, limit or DEFAULT_LIMIT)
