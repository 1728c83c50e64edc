"""Which of a thread's conversations an event belongs to."""

from __future__ import annotations

from collections.abc import Callable

from services.conversation.domain.conversation import Conversation
from services.conversation.domain.statuses import CLOSED


def place(newest: Conversation, at_us: int, ordinal: Callable[[int], Conversation]) -> Conversation:
    """Return the conversation that an event of this instant belongs to.

    ``ordinal`` gives the thread's n-th conversation. What falls between two conversations belongs
    to the later one, which opens earlier by it.
    """
    known = newest
    while at_us < known.opened_at_us and known.ordinal > 1:
        earlier = ordinal(known.ordinal - 1)
        if at_us > earlier.closed_at_us:
            break
        known = earlier
    return known


def is_over(conversation: Conversation, at_us: int) -> bool:
    """Return whether the instant is past its closing, or past the window in which it reopens."""
    if conversation.status == CLOSED:
        return at_us > conversation.closed_at_us
    return 0 < conversation.closes_at_us < at_us
