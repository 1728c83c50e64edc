"""The organisation's own texts: a file over the built-in ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.conversation.adapters.acknowledgement_texts import read_wordings
from services.conversation.domain.wording import BUILT_IN, BUILT_IN_ONLY
from services.kernel.settings import SettingsError

REPOSITORY = Path(__file__).resolve().parents[3]
MINUTE_US = 60 * 1_000_000
GERMAN = """
default: de
de:
  soon: Wir haben Ihre Nachricht und antworten bald.
  wait: Wir haben Ihre Nachricht. Eine Antwort dauert etwa {wait}.
  minutes: "{number} Minuten"
zh-Hant:
  soon: 您的訊息已收到，我們會盡快回覆您。
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "texts.yaml"


def test_without_a_file_the_built_in_texts_hold() -> None:
    assert read_wordings("") == BUILT_IN_ONLY


def test_a_file_adds_languages_and_names_the_default(path: Path) -> None:
    path.write_text(GERMAN, encoding="utf-8")
    wordings = read_wordings(str(path))
    assert wordings.text("de-CH", 20 * MINUTE_US).endswith("etwa 20 Minuten.")
    assert wordings.text("fr", None) == "Wir haben Ihre Nachricht und antworten bald."
    assert wordings.text("zh-Hant-HK", None).startswith("您的訊息")
    assert wordings.text("zh", None) == BUILT_IN["zh"].soon


def test_a_file_replaces_built_in_texts(path: Path) -> None:
    path.write_text("EN: {soon: Hold on.}", encoding="utf-8")
    assert read_wordings(str(path)).text("en", 20 * MINUTE_US) == "Hold on."


def test_an_empty_file_changes_nothing(path: Path) -> None:
    path.write_text("# Nothing yet.\n", encoding="utf-8")
    assert read_wordings(str(path)) == BUILT_IN_ONLY


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("de: [", "is not YAML"),
        ("- de", "must map languages to texts"),
        ("no: {soon: Straks.}", "False is not a language; write it in quotes"),
        ("german: {soon: Bald.}", "'german' is not a BCP 47 language; write de"),
        ("de: Bald.", "de: must hold texts by name: soon, wait, minutes, hours"),
        ("de: {}", "de.soon is missing"),
        ("de: {sonn: Bald.}", "de.sonn is unknown; take one of soon"),
        ("de: {soon: 5}", "de.soon must be a text; write it in quotes"),
        ("de: {soon: ' '}", "de.soon must be a text"),
        ("de: {soon: 'In {wait}.'}", "de.soon holds {wait}, but no time is known"),
        ("de: {soon: Bald., wait: Etwa.}", "de.wait must hold {wait}, which is filled in"),
        ("de: {soon: Bald., minutes: Minuten}", "de.minutes must hold {number}"),
        ("default: fr", "default: 'fr' is not a language with texts; take one of en, zh"),
        ("default: 5", "default: 5 is not a language with texts"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place_and_the_remedy(
    path: Path, content: str, message: str
) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        read_wordings(str(path))
    assert f"CARELINE_ACKNOWLEDGE_TEXTS={str(path)!r}" in str(refused.value)
    assert message in str(refused.value)


def test_a_file_of_another_encoding_or_none_is_refused(path: Path) -> None:
    path.write_bytes("de: {soon: Später.}".encode("latin-1"))
    for wrong in (path, path.parent, path.parent / "none.yaml"):
        with pytest.raises(SettingsError, match=r"cannot be read: .* Give the path of"):
            read_wordings(str(wrong))


def test_the_file_that_containers_take_is_right() -> None:
    wordings = read_wordings(str(REPOSITORY / "deploy/images/acknowledgements.yaml"))
    assert wordings.text("de", 20 * MINUTE_US).endswith("etwa 20 Minuten.")


def test_the_guides_example_is_right(path: Path) -> None:
    guide = (REPOSITORY / "docs/how-to/answer-customers.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(default:.*?)```", guide, re.DOTALL)
    path.write_text(example, encoding="utf-8")
    assert read_wordings(str(path)).text("fr", 200 * MINUTE_US).endswith("etwa 4 Stunden.")
