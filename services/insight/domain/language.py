"""Which language a text is in, from its script and its most common words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

UNKNOWN = "und"

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_NOISE = re.compile(r"https?://\S+|[@#]\w+")

_SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "THAI": "th",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
}

# Function words: frequent in their language, rare in the others.
_FUNCTION_WORDS = {
    "en": "the and you is to of it for my i this that are with have not be was your can me on in",
    "es": "el la de que y los un por con para una es mi no se las del me está como pero qué su",
    "fr": "le la les des et est je vous pas une que pour dans mon ce en un avec sur ne du au ça",
    "de": "der die das und ist ich nicht ein eine mit zu den auf für von sie es im dem auch mir",
    "pt": "o a os de que e um uma não com para meu por é do da em no na você está eu mas se",
    "it": "il la che di e un una non per con sono mio è le del in mi si da ho questo come anche",
    "nl": "de het een en van ik niet is dat op te met voor zijn er maar aan om mijn je wat heb",
    "id": "yang di dan ini itu saya tidak untuk dengan ada dari kami bisa sudah ke akan apa",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _FUNCTION_WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)


def detect_language(text: str, hint: str = "") -> str:
    """Return a BCP 47 language, or ``und``; the hint decides only what the text leaves open."""
    cleaned = _NOISE.sub(" ", text)
    scripts = _scripts(cleaned)
    letters = sum(scripts.values())
    if letters == 0:
        return hint or UNKNOWN
    if scripts["ja"]:
        return "ja"
    script, count = max(scripts.items(), key=lambda item: (item[1], item[0]))
    if script == "han" and 3 * count >= letters:
        return "zh"
    if script not in {"latin", "han"}:
        return script
    if 3 * scripts["han"] >= letters:
        return "zh"
    return _latin_language(cleaned) or hint or UNKNOWN


def _scripts(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for character in text:
        if character.isascii():
            counts["latin"] += character.isalpha()
        elif "\u4e00" <= character <= "\u9fff":
            counts["han"] += 1
        elif character.isalpha():
            name = unicodedata.name(character, "").partition(" ")[0]
            counts[_SCRIPTS.get(name, "latin")] += 1
    return counts


def _latin_language(text: str) -> str:
    votes: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        for language in _LANGUAGES_OF.get(word, ()):
            votes[language] += 1
    if not votes:
        return ""
    return min(votes, key=lambda language: (-votes[language], language))
