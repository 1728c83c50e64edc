"""The glossary holds each term once, where a reader looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest


class Page(Protocol):
    def tables(self) -> Iterator[list[list[str]]]: ...


@pytest.fixture(scope="module")
def rows(pages: dict[str, Page]) -> list[list[str]]:
    (rows,) = pages["docs/glossary.md"].tables()
    return rows


def test_the_terms_are_sorted_and_stand_once(rows: list[list[str]]) -> None:
    terms = [row[0].strip("*") for row in rows]
    assert terms == sorted(set(terms))


def test_every_term_has_a_meaning(rows: list[list[str]]) -> None:
    assert [term for term, meaning in rows if not meaning] == []
