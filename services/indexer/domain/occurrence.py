"""What happened, as the index wants to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Fact(NamedTuple):
    """One measured thing of a conversation; sign −1 takes back an equal one."""

    kind: str
    sign: int
    at_us: int
    duration_us: int
    status: str = ""


class ClockEvent(NamedTuple):
    """One thing that happened to a clock; ``due_at_us`` 0 while it stands still."""

    clock: str
    cycle: int
    kind: str
    sign: int
    at_us: int
    due_at_us: int
    elapsed_us: int
    target_us: int
    policy_id: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class ConversationPart:
    """What the conversation stage said with the event."""

    conversation_id: str
    ordinal: int = 0
    customer_id: str = ""
    status: str = ""
    priority: str = ""
    assignee: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event of the log. Empty texts and None stand for what it does not tell."""

    event_id: str
    organisation_id: str
    channel: str
    timeline: str
    kind: str
    occurred_at_us: int
    accepted_at_us: int = 0
    brand_id: str = ""
    account_id: str = ""
    thread_key: str = ""
    party_key: str = ""
    customer_id: str = ""
    # Of a message.
    message_id: str = ""
    reply_to_message_id: str = ""
    author_kind: str = ""
    text: str = ""
    # Of what is no message: its type, what it came to, or what it is about; see the bodies module.
    subject: str = ""
    # The messages that a receipt, a reaction, a deletion or a count is about.
    about_message_ids: tuple[str, ...] = ()
    # Of a reply on its way out.
    reply_id: str = ""
    # Why something was refused, failed or ended: the platform's code and words.
    code: str = ""
    reason: str = ""
    # A call, a page, an order, a survey.
    object_id: str = ""
    duration_us: int = 0
    # Of a survey's answer.
    score: float | None = None
    language: str = ""
    sentiment: str = ""
    sentiment_score: float | None = None
    conversation: ConversationPart | None = None
    clock_events: tuple[ClockEvent, ...] = ()
