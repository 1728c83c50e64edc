from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.outbound import Reply, ReplyRefusedError
from services.gateway.senders.splitting import cut, signed, split, utf8_length, utf16_length


def test_a_text_that_fits_stays_one_part() -> None:
    assert split("Hello, Mei.", 20) == ["Hello, Mei."]


def test_a_blank_text_has_no_parts() -> None:
    assert split(" \n ", 20) == []


def test_parts_end_at_paragraphs_first() -> None:
    text = "Your refund is on its way. It takes three days.\n\nPlease keep the parcel's number."
    assert split(text, 60) == [
        "Your refund is on its way. It takes three days.",
        "Please keep the parcel's number.",
    ]


def test_parts_end_at_sentences_before_words() -> None:
    text = "We sent a new one today. It arrives on Friday at the latest, we promise."
    assert split(text, 50) == [
        "We sent a new one today.",
        "It arrives on Friday at the latest, we promise.",
    ]


def test_parts_end_at_words_before_letters() -> None:
    assert split("alpha beta gamma delta", 12) == ["alpha beta", "gamma delta"]


def test_chinese_sentences_need_no_space() -> None:
    assert split("您好，已为您退款。三天内到账，请留意。", 12) == [
        "您好，已为您退款。",
        "三天内到账，请留意。",
    ]


def test_a_long_word_is_cut_where_it_must() -> None:
    assert split("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


@pytest.mark.parametrize(
    "seen",
    ["👩‍👩‍👧‍👦", "👍🏽", "e\u0301\u0323", "🇩🇪", "한", "❤️", "\u1112\u1161\u11ab"],
)
def test_what_readers_see_as_one_character_is_never_cut(seen: str) -> None:
    text = seen * 9
    for limit in range(len(seen), 3 * len(seen)):
        parts = split(text, limit, most=9)
        assert "".join(parts) == text
        assert all(part.replace(seen, "") == "" for part in parts)


def test_a_limit_in_bytes_is_kept() -> None:
    parts = split("退款" * 20, 30, measure=utf8_length)
    assert [utf8_length(part) for part in parts] == [30, 30, 30, 30]


def test_emoji_count_two_in_utf16() -> None:
    assert utf16_length("a👍") == 3


def test_too_many_parts_are_refused_with_the_way_out() -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        split("word " * 100, 10, most=3)
    assert refused.value.code == "too_long"
    assert refused.value.remedy


def test_a_character_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ReplyRefusedError):
        split("👩‍👩‍👧‍👦 hello", 3, most=50)


@given(st.text(max_size=300), st.integers(min_value=20, max_value=60))
def test_nothing_but_white_space_is_lost_and_every_part_fits(text: str, limit: int) -> None:
    try:
        parts = split(text, limit, most=100)
    except ReplyRefusedError:
        assert any(unicodedata.category(character).startswith("M") for character in text) or (
            "\u200d" in text or max(text) >= "\u1100"
        )
        return
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part and len(part) <= limit for part in parts)


def test_a_label_is_cut_with_a_sign_that_it_was() -> None:
    assert cut("Where is my parcel?", 10) == "Where is…"
    assert cut("Refund", 10) == "Refund"


@pytest.mark.parametrize(
    ("sign", "name", "expected"),
    [
        ("", "Anna Berg", "Done."),
        ("name", "Anna", "Done.\n- Anna"),
        ("initials", "Anna-Lena Berg", "Done.\n- ALB"),
        ("name", "", "Done."),
    ],
)
def test_an_answer_is_signed_where_it_is_asked_for(sign: str, name: str, expected: str) -> None:
    assert signed("Done.", Reply("r1", "t1", "Done.", agent_name=name), sign) == expected


def test_a_bot_and_a_picture_are_not_signed() -> None:
    by_bot = Reply("r1", "t1", "Done.", agent_name="Carebot", by_bot=True)
    assert signed("Done.", by_bot, "name") == "Done."
    assert signed("", Reply("r1", "t1", "", agent_name="Anna"), "name") == ""
