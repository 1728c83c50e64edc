"""What a conversation tells: one measured thing each, and how it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

# The numbers of careline.conversation.v1.FactKind.
OPENED: Final = 1
CONTACT: Final = 2
REPLY: Final = 3
FIRST_RESPONSE: Final = 4
SOLVED: Final = 5
REOPENED: Final = 6
CLOSED: Final = 7
STATUS_CHANGED: Final = 8

# Plain tuples, because most conversations hold a few for as long as they are remembered, and the
# garbage collector looks no further into tuples of numbers and texts.

# Kind, instant, duration in microseconds, status: what happened.
Fact = tuple[int, int, int, str]
# A fact, and the brand and timeline it was told for: taking it back must name the same.
Told = tuple[int, int, int, str, str, str]


class Telling(NamedTuple):
    """What to tell now: facts to count, and facts to take back as they were told."""

    facts: Sequence[Fact]
    taken_back: Sequence[Told] = ()
