from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.knowledge.domain.articles import Article, InvalidArticleError

names = st.tuples(st.text(), st.text(), st.text())


def article(
    article_id: str = "a1", organisation_id: str = "acme", language: str = "en", title: str = "T"
) -> Article:
    return Article(article_id, organisation_id, language, title, "")


@given(names, names)
def test_only_the_same_article_in_the_same_language_has_the_same_id(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (article(*one).document_id == article(*other).document_id) == (one == other)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (article(article_id=""), "has no article_id"),
        (article(organisation_id=""), "has no organisation_id"),
        (article(title=" \n"), "has neither a title nor a body"),
    ],
)
def test_an_article_that_cannot_be_kept_says_what_it_lacks(bad: Article, message: str) -> None:
    with pytest.raises(InvalidArticleError, match=message):
        bad.check()
