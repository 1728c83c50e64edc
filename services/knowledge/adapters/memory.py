"""The article index in memory: for tests, and for trying things without Elasticsearch."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from services.knowledge.domain.articles import Article
from services.knowledge.domain.folding import fold, han_bigrams
from services.knowledge.ports import Hit

_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")
_SATURATION = 1.2
_TITLE_WEIGHT = 2


class MemoryArticleIndex:
    """Satisfies :class:`services.knowledge.ports.ArticleIndex`.

    Scans everything and ranks by BM25 without lengths.
    """

    def __init__(self) -> None:
        self._articles: dict[str, Article] = {}

    async def put(self, articles: Sequence[Article]) -> None:
        for article in articles:
            self._articles[article.document_id] = article

    async def search(self, organisation_id: str, text: str, limit: int) -> list[Hit]:
        articles = [a for a in self._articles.values() if a.organisation_id == organisation_id]
        counts = [_counts(article) for article in articles]
        terms = dict.fromkeys(_tokens(text))
        rarity = {term: _rarity(term, counts) for term in terms}
        hits = [
            Hit(article, score)
            for article, count in zip(articles, counts, strict=True)
            if (score := sum(rarity[term] * _saturated(count[term]) for term in terms)) > 0
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.article.document_id))
        return hits[:limit]


def _counts(article: Article) -> Counter[str]:
    counts = Counter(_tokens(article.body))
    for term in _tokens(article.title):
        counts[term] += _TITLE_WEIGHT
    return counts


def _tokens(text: str) -> list[str]:
    folded = fold(text)
    return [*_TOKEN.findall(folded), *han_bigrams(folded).split()]


def _rarity(term: str, counts: Iterable[Counter[str]]) -> float:
    found = [term in count for count in counts]
    return math.log(1 + (len(found) - sum(found) + 0.5) / (sum(found) + 0.5))


def _saturated(count: int) -> float:
    return count / (count + _SATURATION)
