"""Normal forms of what people write about themselves."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Protocol, cast

import opencc
from pypinyin import lazy_pinyin

_NOTHING = frozenset(
    [
        "-",
        "--",
        ".",
        "?",
        "n/a",
        "na",
        "n.a.",
        "nan",
        "nil",
        "none",
        "null",
        "undefined",
        "unknown",
        "unk",
        "anonymous",
        "guest",
        "not_known",
        "missing",
        "未知",
        "无",
        "暂无",
        "不详",
        "空",
    ]
)
_NOT_WORD = re.compile(r"[^\w]+|_+")
_NOT_ALNUM = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’`](?=\w)")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_ALL_ZERO = re.compile(r"[0\W]+")
_PURE_ASCII = re.compile(r"[\x00-\x7f]*")


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _simplifier() -> _Converter:
    return cast("_Converter", opencc.OpenCC("t2s"))


def has_han(text: str) -> bool:
    return _HAN.search(text) is not None


@lru_cache(maxsize=1 << 16)
def folded(text: str) -> str:
    """Return lower case without accents, width variants and traditional characters."""
    if _PURE_ASCII.fullmatch(text):
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFC", "".join(c for c in text if not unicodedata.combining(c)))
    if has_han(text):
        text = _simplifier().convert(text)
    return " ".join(text.split())


def present(text: str | None) -> str:
    """Return the folded text, or an empty one where it says that there is nothing."""
    value = folded(text) if text else ""
    return "" if value in _NOTHING or _ALL_ZERO.fullmatch(value) else value


def words(text: str) -> tuple[str, ...]:
    """Split a folded text into its words."""
    return tuple(_NOT_WORD.sub(" ", _APOSTROPHE.sub("", text)).split())


def squeezed(text: str) -> str:
    """Keep letters and digits only."""
    return _NOT_ALNUM.sub("", text)


@lru_cache(maxsize=1 << 16)
def pinyin(text: str) -> tuple[str, ...]:
    """Return the syllables without tones; ü is written v, as keyboards have it."""
    return tuple(str(each) for each in lazy_pinyin(text, v_to_u=False))


_FUZZY_PINYIN = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("v", "u"))


@lru_cache(maxsize=1 << 14)
def blurred_syllable(syllable: str) -> str:
    """Merge the sounds that many speakers do not tell apart."""
    for precise, blurred in _FUZZY_PINYIN:
        syllable = syllable.replace(precise, blurred)
    return "l" + syllable[1:] if syllable.startswith("n") else syllable


_SOUND = {
    letter: code
    for code, letters in {
        "1": "bfpv",
        "2": "cgjkqsxz",
        "3": "dt",
        "4": "l",
        "5": "mn",
        "6": "r",
    }.items()
    for letter in letters
}


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """Return the Soundex code of a word in Latin letters; other words stand for themselves."""
    if not word or not word.isascii() or not word[0].isalpha():
        return word
    code, last = word[0], _SOUND.get(word[0], "")
    for letter in word[1:]:
        digit = _SOUND.get(letter, "")
        if digit and digit != last:
            code += digit
        if letter not in "hw":
            last = digit
    return (code + "000")[:4]
