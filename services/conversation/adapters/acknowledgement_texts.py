"""Reads the organisation's own acknowledgement texts from a YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from services.conversation.domain.wording import (
    BUILT_IN,
    BUILT_IN_ONLY,
    DEFAULT_LANGUAGE,
    NUMBER,
    WAIT,
    Wording,
    Wordings,
)
from services.kernel.settings import SettingsError

_VARIABLE: Final = "CARELINE_ACKNOWLEDGE_TEXTS"
_TAG: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)
# Which language serves those who write in none of the file's.
_DEFAULT: Final = "default"
_PLACES: Final[Mapping[str, str]] = {"wait": WAIT, "minutes": NUMBER, "hours": NUMBER}
_NAMES: Final = tuple(field.name for field in fields(Wording))


def read_wordings(path: str) -> Wordings:
    """Return the built-in texts, with the file's over and beside them; raise ``SettingsError``."""
    if not path:
        return BUILT_IN_ONLY
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        _refuse(path, f"cannot be read: {error}. Give the path of a UTF-8 file, or unset it")
    except yaml.YAMLError as error:
        _refuse(path, f"is not YAML: {error}")
    if document is None:
        document = {}
    if not isinstance(document, dict):
        _refuse(path, 'must map languages to texts, as in "de: {soon: …, wait: …}"')
    default = document.pop(_DEFAULT, DEFAULT_LANGUAGE)
    wordings = dict(BUILT_IN)
    for language, texts in document.items():
        wordings[_language(path, language)] = _wording(path, language, texts)
    if not isinstance(default, str) or default.lower() not in wordings:
        known = ", ".join(sorted(wordings))
        _refuse(path, f"default: {default!r} is not a language with texts; take one of {known}")
    return Wordings(wordings, default.lower())


def _language(path: str, language: object) -> str:
    if not isinstance(language, str):
        # YAML takes no, the tag of Norwegian, for false.
        _refuse(path, f'{language!r} is not a language; write it in quotes, as in "no":')
    if not _TAG.fullmatch(language):
        _refuse(path, f"{language!r} is not a BCP 47 language; write de, pt-BR or zh-Hant")
    return language.lower()


def _wording(path: str, language: str, texts: object) -> Wording:
    names = ", ".join(_NAMES)
    if not isinstance(texts, dict):
        _refuse(path, f"{language}: must hold texts by name: {names}")
    values: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in _NAMES:
            _refuse(path, f"{language}.{name} is unknown; take one of {names}")
        if not isinstance(text, str) or not text.strip():
            _refuse(path, f"{language}.{name} must be a text; write it in quotes")
        place = _PLACES.get(name)
        if place and place not in text:
            _refuse(path, f"{language}.{name} must hold {place}, which is filled in")
        if place is None and WAIT in text:
            _refuse(path, f"{language}.{name} holds {WAIT}, but no time is known for it; use wait")
        values[name] = text.strip()
    if "soon" not in values:
        _refuse(path, f"{language}.soon is missing: it is sent while no expected wait is known")
    return Wording(**values)


def _refuse(path: str, why: str) -> NoReturn:
    raise SettingsError(f"{_VARIABLE}={path!r}: {why}")
