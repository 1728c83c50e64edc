"""What an acknowledgement says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.domain.wording import BUILT_IN, BUILT_IN_ONLY, Wording, Wordings

MINUTE_US = 60 * 1_000_000
GERMAN = Wording("Bald.", "Etwa {wait}.")
OWN = Wordings({**BUILT_IN, "de": GERMAN, "zh-hant": Wording("很快。")}, default="de")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Bald."),
        ("de-AT", "Bald."),
        ("zh_Hant_TW", "很快。"),
        ("zh-Hans", BUILT_IN["zh"].soon),
        ("EN", BUILT_IN["en"].soon),
        ("fr", "Bald."),
        ("", "Bald."),
        ("und", "Bald."),
    ],
)
def test_the_nearest_language_is_written_or_the_default(language: str, text: str) -> None:
    assert OWN.text(language, None) == text


@pytest.mark.parametrize(
    ("minutes", "wait"),
    [
        (1, "5 minutes"),
        (20, "20 minutes"),
        (21, "25 minutes"),
        (90, "90 minutes"),
        (91, "2 hours"),
        (121, "3 hours"),
    ],
)
def test_the_wait_is_said_in_round_numbers_and_never_too_short(minutes: int, wait: str) -> None:
    assert f"about {wait}." in BUILT_IN_ONLY.text("en", minutes * MINUTE_US)


def test_chinese_customers_read_chinese_numbers_of_minutes() -> None:
    assert "20 分钟" in BUILT_IN_ONLY.text("zh", 20 * MINUTE_US)


def test_a_language_without_words_for_time_takes_the_signs() -> None:
    assert OWN.text("de", 20 * MINUTE_US) == "Etwa 20 min."
    assert OWN.text("de", 200 * MINUTE_US) == "Etwa 4 h."


def test_without_a_known_wait_it_says_soon() -> None:
    assert BUILT_IN_ONLY.text("en", None) == BUILT_IN["en"].soon
    assert BUILT_IN_ONLY.text("en", 0) == BUILT_IN["en"].soon
    assert OWN.text("zh-Hant", 20 * MINUTE_US) == "很快。"


@given(st.text(max_size=12), st.none() | st.integers(-MINUTE_US, 10**12))
def test_every_customer_gets_a_whole_text(language: str, wait_us: int | None) -> None:
    text = BUILT_IN_ONLY.text(language, wait_us)
    assert text
    assert not re.search("[{}]", text)
    told = re.search(r"(\d+) (minutes|分钟|hours|小时)", text)
    assert bool(told) == (wait_us is not None and wait_us > 0)
    if told and wait_us:
        unit = 1 if told[2] in {"minutes", "分钟"} else 60
        assert int(told[1]) * unit * MINUTE_US >= wait_us
