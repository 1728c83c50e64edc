from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.knowledge.domain.folding import fold, han_bigrams


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＷＡＬＬＥＴ①", "wallet1"),
        ("Straße", "strasse"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("玉山Ｗallet", "玉山wallet"),
    ],
)
def test_what_readers_take_for_the_same_is_the_same(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_pairs_of_han_stay_within_their_run() -> None:
    assert han_bigrams("我要退款 refund 谢谢, 好") == "我要 要退 退款 谢谢"


def test_text_without_han_has_no_pairs() -> None:
    assert han_bigrams("where is my refund") == ""


@given(st.text(alphabet="退款航班abc "))
def test_every_neighbouring_pair_is_kept_once(text: str) -> None:
    pairs = [
        first + second for first, second in pairwise(text) if not {first, second} & set("abc ")
    ]
    assert han_bigrams(text).split() == pairs
