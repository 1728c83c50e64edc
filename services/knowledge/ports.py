"""What the knowledge base needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.knowledge.domain.articles import Article


class IndexUnavailableError(RuntimeError):
    """The index cannot answer at present; the same call may succeed later."""


@dataclass(frozen=True, slots=True)
class Hit:
    """``score`` orders the hits of one search; scores of different searches never compare."""

    article: Article
    score: float


class ArticleIndex(Protocol):
    """Both calls raise :class:`IndexUnavailableError`; repeating them is harmless."""

    async def put(self, articles: Sequence[Article]) -> None:
        """Keep the articles, each in place of the one of its id; they are findable on return."""
        ...

    async def search(self, organisation_id: str, text: str, limit: int) -> list[Hit]:
        """Return the organisation's best articles for a question, best first."""
        ...
