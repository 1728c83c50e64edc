from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insight.domain.language import detect_language
from services.insight.domain.sentiment import Feeling, Lexicon, judge

LEXICON = Lexicon(
    version="test",
    weights={"good": 0.7, "bad": -0.7, "awful": -1.0, "满意": 0.7, "差": -0.7},
    negations=frozenset({"not", "don't", "不"}),
    intensifiers={"very": 1.5, "很": 1.5},
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how do you propose we do that", "en"),
        ("我的订单什么时候发货", "zh"),
        ("我的iPhone订单什么时候到", "zh"),
        ("注文はいつ届きますか", "ja"),
        ("배송이 너무 늦어요", "ko"),
        ("Где мой заказ", "ru"),
        ("por favor ayuda con mi pedido, no llega", "es"),
        ("", "und"),
        ("12345 !!!", "und"),
    ],
)
def test_a_language_is_told_from_script_and_common_words(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_handles_and_links_do_not_decide_the_language() -> None:
    assert detect_language("@the_and_is https://example.com/the 谢谢") == "zh"


def test_a_hint_decides_only_what_the_text_leaves_open() -> None:
    assert detect_language("12345", "fr") == "fr"
    assert detect_language("where is my order and the refund", "fr") == "en"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("very good", "positive"),
        ("not good", "negative"),
        ("I don't think it is bad", "positive"),
        ("bad, awful!", "negative"),
        ("the parcel", "neutral"),
        ("很满意", "positive"),
        ("不满意", "negative"),
        ("质量很差", "negative"),
    ],
)
def test_a_text_is_judged_by_its_words_and_what_turns_them(text: str, label: str) -> None:
    assert judge(text, LEXICON).label == label


def test_strength_shows_in_the_score() -> None:
    assert judge("very bad", LEXICON).score < judge("bad", LEXICON).score


@given(st.text(max_size=200))
def test_any_text_is_judged_the_same_way_twice(text: str) -> None:
    feeling = judge(text, LEXICON)
    assert feeling == judge(text, LEXICON)
    assert isinstance(feeling, Feeling)
    assert -1 <= feeling.score <= 1
    assert detect_language(text) == detect_language(text)
