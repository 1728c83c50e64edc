"""The facts that move clocks, and the short form in which a conversation remembers them."""

from __future__ import annotations

from typing import Final, NamedTuple

from services.sla.domain.policies import PolicyRef, Status, Subject

# A fact as it is remembered: its instant and its code in one number, so that rows sort by time and
# code, and a long conversation stays small. See ``row_of``.
Row = int

# The codes are stored and order the facts of one instant: a conversation opens before it is
# written in, a message counts before the reply at its instant, a reply before the status it leaves.
OPENED: Final = 0
REOPENED: Final = 1
CUSTOMER_WROTE: Final = 4
ACKNOWLEDGED: Final = 5
ANSWERED: Final = 6
STATUS_CODES: Final[dict[Status, int]] = {
    "new": 2,
    "open": 3,
    "pending": 8,
    "on_hold": 9,
    "solved": 10,
    "closed": 11,
}
STATUS_OF: Final[dict[int, Status]] = {code: status for status, code in STATUS_CODES.items()}

CODE_BITS: Final = 4
_CODE_MASK: Final = (1 << CODE_BITS) - 1


def row_of(at_us: int, code: int) -> Row:
    return at_us << CODE_BITS | code


def instant_of(row: Row) -> int:
    return row >> CODE_BITS


def code_of(row: Row) -> int:
    return row & _CODE_MASK


class Fact(NamedTuple):
    """One fact; an opening or reopening tells what the policy is chosen by."""

    row: Row
    subject: Subject | None = None

    @property
    def at_us(self) -> int:
        return instant_of(self.row)


class Opening(NamedTuple):
    """What an opening or reopening row says more, and the policy it got when it came."""

    row: Row
    subject: Subject
    policy: PolicyRef | None


def conversation_opened(at_us: int, channel: str, brand: str = "", priority: str = "") -> Fact:
    return Fact(row_of(at_us, OPENED), Subject(channel, brand, priority))


def conversation_reopened(at_us: int, channel: str, brand: str = "", priority: str = "") -> Fact:
    return Fact(row_of(at_us, REOPENED), Subject(channel, brand, priority))


def customer_wrote(at_us: int) -> Fact:
    return Fact(row_of(at_us, CUSTOMER_WROTE))


def agent_replied(at_us: int, *, answers: bool = True) -> Fact:
    """Tell a person's public reply; one that only acknowledges leaves the question unanswered."""
    return Fact(row_of(at_us, ANSWERED if answers else ACKNOWLEDGED))


def status_changed(at_us: int, status: Status) -> Fact:
    code = STATUS_CODES.get(status)
    if code is None:
        raise ValueError(f"no status {status!r}; known are {', '.join(STATUS_CODES)}")
    return Fact(row_of(at_us, code))
