"""Which charset undeclared bytes are in, by what people write most.

Statistics over bytes need pages of text; a subject and a name are a few words.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_BEYOND_WEST = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_LETTER = re.compile(rb"[A-Za-z]")
# Accented letters stand among plain ones, two together at most; no other script is written so.
_LONGEST_ACCENTED = 2
_ACCENTED_SHARE = 0.5
_ENOUGH = 0.5
_COMMON, _USUAL, _RARE, _NEVER = 1.0, 0.6, 0.2, 0.0

# The characters that make up half of what is written.
_HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后"
    "作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从"
    "想实日意无力长机十第公此已工使情明知全三又关点正业外将两高间由问很最重手应向头文体相见被利什二等产"
    "新您请订单货款退客服谢件收"
    "這個們來為國說時會對於著過發後裡種經麼學現當沒動還進樣實無長機關點業將兩間問應向頭體見產請訂單貨"
    "謝"
)
_HANGUL = frozenset(
    "이다는의가을에하고지한도로기사은리인나서를아어자해시것대정들그수있부안녕세요습니까제일전주문오보상"
    "여면만과게원으구조라성동장비스위신드없었니합감"
)
_SMALL_KANA = range(0x3041, 0x3100)
_CYRILLIC = frozenset("оеаинтсрвлкмдпуяы")
_GREEK = frozenset("αοιετσνηυρκςίάήέόύ")
_HEBREW = frozenset("יוהלאמרבתשנ")
_ARABIC = frozenset("اليمونربتدع")
_PUNCTUATION = frozenset("，。、！？：；（）“”‘’《》「」…—～·　№«»")


def guess(data: bytes) -> str:
    """Return a codec for bytes that are no UTF-8; the same bytes always give the same."""
    runs = _HIGH_RUN.findall(data)
    high = sum(map(len, runs))
    letters = len(_LETTER.findall(data))
    if max(map(len, runs), default=0) <= _LONGEST_ACCENTED and high <= _ACCENTED_SHARE * (
        high + letters
    ):
        # Bytes that Western Europe's charset leaves out, its neighbour's holds.
        return "cp1250" if _BEYOND_WEST.search(data) else "cp1252"
    scores = [(_score(data, codec, weigh), codec) for codec, weigh in _CANDIDATES]
    best = max(scores, key=lambda scored: scored[0])
    return best[1] if best[0] >= _ENOUGH else ""


def _score(data: bytes, codec: str, weigh: Callable[[str, str], float]) -> float:
    try:
        # What is cut off at the end is no fault.
        text = codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeError:
        return _NEVER
    weights = [
        _USUAL if one in _PUNCTUATION else weigh(one, before)
        for before, one in zip(" " + text, text, strict=False)
        if not one.isascii()
    ]
    return sum(weights) / len(weights) if weights else _NEVER


def _of(common: frozenset[str], first: int, last: int) -> Callable[[str, str], float]:
    """Weigh letters of a script; a capital within a word tells that it is another's."""

    def weigh(one: str, before: str) -> float:
        if not first <= ord(one) <= last or (one.isupper() and before.islower()):
            return _NEVER
        if one.isupper() and before.isalpha():
            return _RARE
        return _COMMON if one.lower() in common else _USUAL

    return weigh


def _chinese(rows: range, codec: str) -> Callable[[str, str], float]:
    """Weigh a character by the row it stands in: both standards put the usual ones first."""

    def weigh(one: str, before: str) -> float:
        _ = before
        if one in _HANZI:
            return _COMMON
        encoded = one.encode(codec, "ignore")
        return _USUAL if len(encoded) == 2 and encoded[0] in rows else _NEVER  # noqa: PLR2004

    return weigh


def _japanese(one: str, before: str) -> float:
    _ = before
    if ord(one) in _SMALL_KANA:
        return _COMMON
    return _USUAL if "一" <= one <= "龥" and len(one.encode("euc_jp", "ignore")) else _NEVER


def _korean(one: str, before: str) -> float:
    _ = before
    if one in _HANGUL:
        return _COMMON
    return _USUAL if "가" <= one <= "힣" and one.encode("euc_kr", "ignore") else _NEVER


# Of equals, the first.
_CANDIDATES: tuple[tuple[str, Callable[[str, str], float]], ...] = (
    ("gb18030", _chinese(range(0xB0, 0xD8), "gb2312")),
    ("big5hkscs", _chinese(range(0xA4, 0xC7), "big5")),
    ("cp932", _japanese),
    ("euc_jp", _japanese),
    ("cp949", _korean),
    ("cp1251", _of(_CYRILLIC, 0x400, 0x45F)),
    ("koi8_r", _of(_CYRILLIC, 0x400, 0x45F)),
    ("cp1253", _of(_GREEK, 0x370, 0x3FF)),
    ("cp1255", _of(_HEBREW, 0x5B0, 0x5F4)),
    ("cp1256", _of(_ARABIC, 0x60C, 0x6D2)),
    ("cp874", _of(frozenset(), 0xE01, 0xE5B)),
)
