from __future__ import annotations

import re
from pathlib import Path

import pytest

import dashboards.wall
from dashboards.wall.languages import LANGUAGES, language

FOLDER = Path(next(iter(dashboards.wall.__path__)))
ENGLISH = language("en").texts

_PLACE = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_the_same_texts(code: str) -> None:
    assert set(language(code).texts) == set(ENGLISH)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_every_language_fills_the_same_places(code: str, key: str) -> None:
    texts = language(code).texts
    assert set(_PLACE.findall(texts[key])) == set(_PLACE.findall(ENGLISH[key]))
    assert bool(texts[key]) is bool(ENGLISH[key])


def test_there_is_a_file_for_every_language_and_no_other() -> None:
    assert {path.stem for path in (FOLDER / "locales").iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("script", sorted(path.name for path in (FOLDER / "assets").glob("*.js")))
def test_every_text_that_a_script_asks_for_exists(script: str) -> None:
    source = (FOLDER / "assets" / script).read_text(encoding="utf-8")
    asked = set(re.findall(r'text\("([\w.]+)"(?=[,)])', source))
    prefixes = set(re.findall(r'text\("([\w.]+\.)" \+', source))
    assert asked <= set(ENGLISH)
    for prefix in prefixes:
        assert any(key.startswith(prefix) for key in ENGLISH), prefix


def test_a_unit_without_a_word_is_shown_as_it_is() -> None:
    assert language("en").unit("furlongs") == "furlongs"
    assert language("zh-CN").unit("minutes") == "分钟"


def test_until_its_definition_is_known_a_kpi_is_called_by_its_id() -> None:
    assert language("en").label("first_response_time", None) == "first response time"
