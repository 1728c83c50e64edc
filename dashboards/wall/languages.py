"""The wall's words: one catalogue a language, the same keys in each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboards.wall.figures import Definition
from dashboards.wall.formatting import Scale

LANGUAGES = ("en", "zh-CN")

_FOLDER = Path(__file__).parent / "locales"
_SCALES = {
    "en": (Scale(1_000, "k"), Scale(1_000_000, "M"), Scale(1_000_000_000, "B")),
    "zh-CN": (Scale(10_000, "万"), Scale(100_000_000, "亿")),
}


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    texts: Mapping[str, str]
    scales: tuple[Scale, ...]

    def text(self, key: str, **values: object) -> str:
        """Return a text with its places filled; an unknown key is a bug and raises."""
        return self.texts[key].format(**values)

    def unit(self, unit: str) -> str:
        """Return the unit's word; a unit that the catalogue does not hold is shown as it is."""
        return self.texts.get(f"unit.{unit}", unit)

    def reading(self, reading: str) -> str:
        """Return how a value is read; a count needs no word, an unknown way is named as it is."""
        return self.texts.get(f"reading.{reading}", reading)

    def label(self, kpi: str, definition: Definition | None) -> str:
        """Return the KPI's name; its id until the kpi service has said what it means."""
        if definition is None:
            return kpi.replace("_", " ")
        return definition.name_zh if self.code == "zh-CN" else definition.name_en


@cache
def language(code: str) -> Language:
    """Return the catalogue of one of :data:`LANGUAGES`."""
    texts = json.loads((_FOLDER / f"{code}.json").read_text(encoding="utf-8"))
    return Language(code, texts, _SCALES[code])
