"""Folding: what readers take for the same text becomes the same text, at ingest and in queries."""

from __future__ import annotations

import re
import unicodedata

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+")


def fold(text: str) -> str:
    """Fold width, compatibility forms and case: ``ＷＡＬＬＥＴ①`` becomes ``wallet1``."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def han_bigrams(folded: str) -> str:
    """Return every pair of neighbouring Han characters, apart; empty without Han.

    Chinese has no spaces: pairs come close to its words, without a dictionary.
    """
    return " ".join(run[at : at + 2] for run in _HAN.findall(folded) for at in range(len(run) - 1))
