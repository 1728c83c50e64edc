"""The facts that move clocks, and the short form in which a conversation remembers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from services.sla.domain.policies import PolicyRef, Status, Subject


@dataclass(frozen=True, slots=True)
class ConversationOpened:
    at_us: int
    channel: str
    brand: str = ""
    priority: str = ""

    @property
    def subject(self) -> Subject:
        return Subject(self.channel, self.brand, self.priority)


@dataclass(frozen=True, slots=True)
class ConversationReopened:
    at_us: int
    channel: str
    brand: str = ""
    priority: str = ""

    @property
    def subject(self) -> Subject:
        return Subject(self.channel, self.brand, self.priority)


@dataclass(frozen=True, slots=True)
class CustomerWrote:
    at_us: int


@dataclass(frozen=True, slots=True)
class AgentReplied:
    """A person's public reply. One that only acknowledges leaves the question unanswered."""

    at_us: int
    answers: bool = True


@dataclass(frozen=True, slots=True)
class StatusChanged:
    at_us: int
    status: Status


Fact = ConversationOpened | ConversationReopened | CustomerWrote | AgentReplied | StatusChanged

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


class Row(NamedTuple):
    """A fact as it is remembered; rows sort by time and code."""

    at_us: int
    code: int


class Opening(NamedTuple):
    """What an opening or reopening row says more, and the policy it got when it came."""

    at_us: int
    code: int
    subject: Subject
    policy: PolicyRef | None


def row_of(fact: Fact) -> Row:
    match fact:
        case ConversationOpened():
            return Row(fact.at_us, OPENED)
        case ConversationReopened():
            return Row(fact.at_us, REOPENED)
        case CustomerWrote():
            return Row(fact.at_us, CUSTOMER_WROTE)
        case AgentReplied():
            return Row(fact.at_us, ANSWERED if fact.answers else ACKNOWLEDGED)
        case StatusChanged():
            code = STATUS_CODES.get(fact.status)
            if code is None:
                raise ValueError(f"no status {fact.status!r}; known are {', '.join(STATUS_CODES)}")
            return Row(fact.at_us, code)
