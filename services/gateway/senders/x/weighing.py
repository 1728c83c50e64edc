"""How X counts a post's characters (twitter-text, version 3 of its configuration)."""

from __future__ import annotations

import re

POST_LIMIT = 280
_ADDRESS_WEIGHT = 23
_WIDE = 2

# What counts one; everything else counts two.
_NARROW = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
_ADDRESS = re.compile(
    r"https?://[^\s\u3000-\u9fff\uff00-\uffef]+"
    r"|(?<![\w@.])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}\b(?:/[^\s\u3000-\u9fff\uff00-\uffef]*)?",
    re.IGNORECASE,
)
_PICTURE = r"[\u203c-\u3299\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
# Whatever its parts, an emoji counts two: flags, key caps, families joined to one picture.
_EMOJI = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}"
    r"|[0-9#*]\ufe0f?\u20e3"
    r"|\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f"
    rf"|{_PICTURE}(?:\u200d{_PICTURE})+"
    rf"|{_PICTURE}(?<=[\ufe0f\U0001f3fb-\U0001f3ff])"
)


def weight(text: str) -> int:
    """Return the length as X counts it; a bare address never counts less than it is long."""
    total, last = 0, 0
    for match in _ADDRESS.finditer(text):
        total += _of_words(text[last : match.start()])
        is_full = match.group().startswith(("http://", "https://"))
        total += _ADDRESS_WEIGHT if is_full else max(_ADDRESS_WEIGHT, len(match.group()))
        last = match.end()
    return total + _of_words(text[last:])


def _of_words(text: str) -> int:
    total, last = 0, 0
    for match in _EMOJI.finditer(text):
        total += _of_characters(text[last : match.start()]) + _WIDE
        last = match.end()
    return total + _of_characters(text[last:])


def _of_characters(text: str) -> int:
    return sum(
        1 if any(first <= ord(one) <= last for first, last in _NARROW) else _WIDE for one in text
    )
