"""Fits a reply's text to a platform's limit, and signs it where the organisation asks for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from services.gateway.domain.outbound import Reply, ReplyRefusedError

Measure = Callable[[str], int]

# From the best place to end a part to the worst; a match's end is where the part ends.
_BREAKS = (
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(r"(?:[.!?…]+[\"'”’)\]]*\s+)|(?:[。！？；…]+[”’」』）]*\s*)"),
    re.compile(r"\s+|[，、：]+"),
)
# A better place is taken only when it leaves the part at least so full, in hundredths.
_LEAST_FULL = (40, 40, 40, 1)

_JOINER = "\u200d"
_EXTENDING = frozenset({"Mn", "Me", "Mc"})


def split(text: str, limit: int, *, measure: Measure = len, most: int = 10) -> list[str]:
    """Return the parts of a text, each at most ``limit`` long; none for a blank text.

    Parts end at paragraphs, else lines, sentences, words, and never within what the reader sees as
    one character. ``measure`` is the platform's way of counting (``utf8_length``, …); a longer text
    must not measure less. Raise ``ReplyRefusedError`` ("too_long") when ``most`` are not enough.
    """
    rest = text.strip()
    parts: list[str] = []
    while rest:
        if len(parts) == most:
            raise _too_long(text, limit, measure, most)
        if measure(rest) <= limit:
            parts.append(rest)
            break
        room = _fitting(rest, limit, measure)
        if room == 0:
            raise _too_long(text, limit, measure, most)
        end = _end_of_part(rest, room)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return parts


def cut(text: str, limit: int, *, measure: Measure = len) -> str:
    """Return as much of a text as fits, with "…" where something is left out (titles, labels)."""
    text = text.strip()
    if measure(text) <= limit:
        return text
    return text[: _fitting(text, limit - measure("…"), measure)].rstrip() + "…"


def signed(text: str, reply: Reply, sign: str) -> str:
    """Return the text with who answers below it: ``sign`` is "", "name" or "initials".

    A bot has no name to give, and what holds no words is not signed.
    """
    name = " ".join(reply.agent_name.split())
    if not sign or not name or not text or reply.by_bot:
        return text
    if sign == "initials":
        name = "".join(word[0].upper() for word in name.replace("-", " ").split())
    return f"{text}\n- {name}"


def utf8_length(text: str) -> int:
    """Count as platforms do that name their limit in bytes."""
    return len(text.encode("utf-8", errors="surrogatepass"))


def utf16_length(text: str) -> int:
    """Count as platforms do whose texts are UTF-16: an emoji counts two."""
    return len(text) + sum(character > "\uffff" for character in text)


def _too_long(text: str, limit: int, measure: Measure, most: int) -> ReplyRefusedError:
    return ReplyRefusedError(
        "too_long",
        f"the text measures {measure(text)}, but the channel takes {most} messages of {limit}",
        "shorten it, or send it as a file or a link",
    )


def _fitting(text: str, limit: int, measure: Measure) -> int:
    """Return the longest beginning that fits and ends between two characters as readers see them.

    0 when not even the first one fits.
    """
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    while low and not _is_boundary(text, low):
        low -= 1
    return low


def _end_of_part(text: str, room: int) -> int:
    """Return where the part ends: at the last good place within ``room`` that is far enough."""
    for places, least in zip(_BREAKS, _LEAST_FULL, strict=True):
        last = 0
        for end in _ends(places, text, room):
            last = end
        if last * 100 >= room * least:
            return last
    return room


def _ends(places: re.Pattern[str], text: str, room: int) -> Iterator[int]:
    # The white space after a part does not count: it is dropped.
    for match in places.finditer(text, 0, min(len(text), room + 2)):
        end = match.start() + len(match.group().rstrip())
        if 0 < end <= room:
            yield end


def _is_boundary(text: str, at: int) -> bool:
    """Tell whether a reader sees two characters here: the main rules of UAX 29."""
    if at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before == "\r" and after == "\n":
        return False
    if _JOINER in (before, after) or _extends(after):
        return False
    if _is_surrogate(before, "\ud800", "\udbff") and _is_surrogate(after, "\udc00", "\udfff"):
        return False
    if _is_flag_letter(before) and _is_flag_letter(after):
        letters = 0
        while letters < at and _is_flag_letter(text[at - 1 - letters]):
            letters += 1
        return letters % 2 == 0
    return not _joins_hangul(before, after)


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in _EXTENDING
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # the tags of regional flags
    )


def _is_surrogate(character: str, first: str, last: str) -> bool:
    return first <= character <= last


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _joins_hangul(before: str, after: str) -> bool:
    """Conjoining jamo: leading + vowel, vowel + trailing, and precomposed syllables before both."""
    if "\u1160" <= after <= "\u11ff":
        return "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    return "\u1100" <= before <= "\u115f" and (
        "\u1100" <= after <= "\u115f" or "\uac00" <= after <= "\ud7a3"
    )
