"""Which of an organisation's brands a thread is about."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence

from services.gateway.replay.threads import NONE

# An "@" inside a word is an e-mail address; some networks' handles hold dots or other letters.
_MENTION = re.compile(r"(?<![A-Za-z0-9_])@([\w.\-]+)")
_LATIN = re.compile(r"[A-Za-z0-9_]+")


class ThreadBrands:
    """The brand of every thread, filled in passes over the rows in replay order.

    Threads are the positions of their roots. The first brand that a thread is given stays.
    """

    def __init__(self, roots: array[int]) -> None:
        self._roots = roots
        self._of_root = array("q", [NONE]) * len(roots)
        self._names: list[str] = []
        self._by_folded: dict[str, int] = {}

    def of_row(self, position: int) -> str:
        """Return the brand of the row's thread, or ""."""
        index = self._of_root[self._roots[position]]
        return "" if index == NONE else self._names[index]

    def count(self) -> int:
        return len(set(self._of_root) - {NONE})

    def take_named(self, rows: Iterable[tuple[int, str]]) -> None:
        """Take (position, brand) of rows that name their brand, spelt as where it is first."""
        for position, name in rows:
            folded = name.casefold()
            index = self._by_folded.setdefault(folded, len(self._names))
            if index == len(self._names):
                self._names.append(name)
            self._give(position, index)

    def take_mentions(self, rows: Iterable[tuple[int, str]]) -> None:
        """Take (position, text): the first mention of a brand that is known by now."""
        for position, text in rows:
            if self._of_root[self._roots[position]] != NONE or "@" not in text:
                continue
            for spellings in mentions(text):
                known = (self._by_folded.get(spelling) for spelling in spellings)
                index = next((one for one in known if one is not None), None)
                if index is not None:
                    self._give(position, index)
                    break

    def _give(self, position: int, index: int) -> None:
        root = self._roots[position]
        if self._of_root[root] == NONE:
            self._of_root[root] = index


def mentions(text: str) -> Iterator[Sequence[str]]:
    """Yield the case-folded spellings each mention may stand for, the longest first.

    "@acme.help." may be that account, or acme.help at the end of a sentence, or acme.
    """
    for match in _MENTION.finditer(text):
        whole = match[1]
        latin = _LATIN.match(whole)
        spellings = (whole, whole.rstrip(".-"), latin[0] if latin else "")
        yield tuple(dict.fromkeys(one.casefold() for one in spellings if one))
