"""How near two personal names are: spelling, nicknames, swapped parts, Chinese script and sound."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from services.identity.matching.nicknames import formal_names
from services.identity.matching.normalise import (
    blurred_syllable,
    has_han,
    pinyin,
    sound,
    squeezed,
    words,
)

Parts = tuple[str, str]

PART_LEVELS = (
    "same",
    "swapped with the other part",
    "nickname",
    "one letter off",
    "near",
    "initial or shortened",
    "somewhat alike",
    "different",
)
SAME, SWAPPED, NICKNAME, ONE_OFF, NEAR, SHORTENED, ALIKE, DIFFERENT = range(8)

_NEAR, _ALIKE = 0.9, 0.8
_SHORT = 4
_INITIALS = 3


def part_level(a: Parts, b: Parts) -> int:
    """Compare (this part, the other part): given against given, with family to see a swap."""
    level = word_level(a[0], b[0])
    if level > ONE_OFF and b[1] and word_level(a[0], b[1]) <= ONE_OFF:
        is_mutual = not a[1] or word_level(a[1], b[0]) <= NEAR
        return SWAPPED if is_mutual else level
    if level > ONE_OFF and a[1] and not b[1] and word_level(a[1], b[0]) <= ONE_OFF:
        return SWAPPED
    return level


@lru_cache(maxsize=1 << 18)
def word_level(a: str, b: str) -> int:  # noqa: PLR0911  # a ladder of levels
    if a == b or squeezed(a) == squeezed(b):
        return SAME
    if has_han(a) or has_han(b):
        return _han_level(a, b)
    if not formal_names(a).isdisjoint(formal_names(b)):
        return NICKNAME
    likeness = JaroWinkler.similarity(a, b)
    if min(len(a), len(b)) >= _SHORT and OSA.distance(a, b, score_cutoff=1) <= 1:
        return ONE_OFF
    if likeness >= _NEAR and min(len(a), len(b)) >= _SHORT:
        return NEAR
    first, second = words(a), words(b)
    if first and second and _shortened(first, second):
        return SHORTENED
    if likeness >= _ALIKE or sound(a) == sound(b):
        return ALIKE
    return DIFFERENT


def _shortened(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    if a[0] == b[0] or a[-1] == b[-1] or "".join(a) == "".join(b):
        return True
    short, long = sorted((a[0], b[0]), key=len)
    return long.startswith(short) and (len(short) == 1 or len(short) >= _INITIALS)


def _han_level(a: str, b: str) -> int:
    first, second = _syllables(a), _syllables(b)
    if first == second or "".join(first) == "".join(second):
        return NICKNAME
    if [*map(blurred_syllable, first)] == [*map(blurred_syllable, second)]:
        return ONE_OFF
    if len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1 and len(a) > 1:
        return NEAR
    return DIFFERENT


def _syllables(text: str) -> tuple[str, ...]:
    return pinyin(squeezed(text)) if has_han(text) else words(text)


FULL_LEVELS = (
    "same",
    "same words in another order",
    "same sound",
    "each word alike",
    "one part missing, the rest alike",
    "same family name, alike or shortened given name",
    "one character off",
    "somewhat alike",
    "same family name",
    "different",
)


@lru_cache(maxsize=1 << 18)
def full_level(a: str, b: str) -> int:  # noqa: PLR0911  # a ladder of levels
    if a == b or squeezed(a) == squeezed(b):
        return 0
    first, second = words(a), words(b)
    if sorted(first) == sorted(second):
        return 1
    if has_han(a) or has_han(b):
        return _full_han_level(squeezed(a), squeezed(b), first, second)
    alike, same_ends = _aligned(first, second)
    shorter, longer = sorted((len(first), len(second)))
    if alike == longer:
        return 3
    if alike == shorter and shorter > 1:
        return 4
    if same_ends and word_level(first[0], second[0]) <= SHORTENED:
        return 5
    if OSA.distance(a, b, score_cutoff=2) <= 1:
        return 6
    if JaroWinkler.similarity(" ".join(sorted(first)), " ".join(sorted(second))) >= _NEAR:
        return 7
    return 8 if same_ends else 9


def _aligned(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[int, bool]:
    """Count words of the shorter name with a near one in the longer; say if the last are alike."""
    if len(a) > len(b):
        a, b = b, a
    left = list(b)
    alike = 0
    for word in a:
        best = min(left, key=lambda other: word_level(word, other))
        if word_level(word, best) <= NEAR:
            alike += 1
            left.remove(best)
    return alike, bool(a and b) and word_level(a[-1], b[-1]) <= NEAR


def _full_han_level(  # noqa: PLR0911  # a ladder of levels
    a: str, b: str, first: tuple[str, ...], second: tuple[str, ...]
) -> int:
    if has_han(a) and has_han(b):
        if sorted(a) == sorted(b):
            return 1
        sounds, others = pinyin(a), pinyin(b)
        if sounds == others:
            return 2
        if [*map(blurred_syllable, sounds)] == [*map(blurred_syllable, others)]:
            return 3
        if OSA.distance(a, b, score_cutoff=1) <= 1:
            return 6
        return 8 if a[0] == b[0] or sounds[0] == others[0] else 9
    han, latin = (a, second) if has_han(a) else (b, first)
    wanted = "".join(pinyin(han))
    orders = {"".join(latin), "".join((*latin[1:], latin[0])), "".join((latin[-1], *latin[:-1]))}
    if wanted in orders:
        return 2
    return 3 if any(OSA.distance(wanted, each, score_cutoff=1) <= 1 for each in orders) else 9
