"""The statuses of a conversation, and how things of one instant are ordered."""

from __future__ import annotations

from typing import Final

NEW: Final = "new"
OPEN: Final = "open"
PENDING: Final = "pending"
ON_HOLD: Final = "on_hold"
SOLVED: Final = "solved"
CLOSED: Final = "closed"

FINISHED: Final = frozenset({SOLVED, CLOSED})

# A status's position is its rank. Of one instant a lower rank comes first; a message stands where
# None is: it counts before the status that it is left in, so that a message at the very instant of
# solving does not reopen.
_ORDER: Final = (NEW, OPEN, None, PENDING, ON_HOLD, SOLVED, CLOSED)
RANKS: Final[dict[str, int]] = {
    status: rank for rank, status in enumerate(_ORDER) if status is not None
}
STATUS_OF: Final[dict[int, str]] = {rank: status for status, rank in RANKS.items()}
MESSAGE_RANK: Final = _ORDER.index(None)
SOLVED_RANK: Final = RANKS[SOLVED]
CLOSED_RANK: Final = RANKS[CLOSED]
