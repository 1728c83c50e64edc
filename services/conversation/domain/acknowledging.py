"""Whether a customer whom nobody answers is told that the message has arrived, and when.

A conversation gets one acknowledgement at most, and a thread one in 24 hours. Whatever a person or
a bot says is an answer; an acknowledgement is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

_HOUR_US: Final = 3600 * 1_000_000
# What is replayed was answered then.
LIVE: Final = "live"
# What stands for a language that cannot be told.
_UNTOLD: Final = frozenset({"", "und"})

# What lies longer unanswered is not met by a machine any more.
LATEST_US: Final = _HOUR_US
# From one acknowledgement in a thread to the next.
APART_US: Final = 24 * _HOUR_US


@dataclass(frozen=True, slots=True)
class AcknowledgingPolicy:
    """``after_us``: how long nobody has answered; 0 for never. ``channels``: on these only."""

    after_us: int = 0
    channels: tuple[str, ...] = ()


NEVER: Final = AcknowledgingPolicy()


class Contact(NamedTuple):
    """What a customer's message tells of whether it may be acknowledged."""

    at_us: int
    channel: str
    timeline: str
    # BCP 47; empty or "und" where it cannot be told.
    language: str = ""
    automatic: bool = False
    spam: bool = False
    is_public: bool = False
    edited: bool = False


class Waiting(NamedTuple):
    """How a conversation waits for an answer; an instant of 0 means that it has not happened."""

    # The first message since the last answer, of those that may be acknowledged.
    since_us: int = 0
    # The last of them.
    until_us: int = 0
    # The first that they tell; empty while it is unknown.
    language: str = ""
    # The newest answer, of a person or a bot.
    answered_at_us: int = 0
    # This conversation had its acknowledgement.
    acknowledged: bool = False
    # The thread's newest one.
    acknowledged_at_us: int = 0


NOT_WAITING: Final = Waiting()


def await_answer(
    policy: AcknowledgingPolicy, waiting: Waiting, contact: Contact, now_us: int
) -> Waiting:
    """Begin to wait with a customer's message, unless an acknowledgement could never follow."""
    if (
        waiting.acknowledged
        or contact.at_us <= waiting.answered_at_us
        or now_us - contact.at_us > LATEST_US
        or not _may_be_acknowledged(policy, contact)
        or _is_too_soon(waiting, contact.at_us + policy.after_us)
    ):
        return waiting
    told = "" if contact.language in _UNTOLD else contact.language
    return waiting._replace(
        since_us=min(waiting.since_us or contact.at_us, contact.at_us),
        until_us=max(waiting.until_us, contact.at_us),
        language=waiting.language or told,
    )


def answer(waiting: Waiting, at_us: int) -> Waiting:
    """Take an answer; what was written after it goes on waiting."""
    waiting = waiting._replace(answered_at_us=max(waiting.answered_at_us, at_us))
    if at_us >= waiting.until_us:
        return end(waiting)
    if at_us >= waiting.since_us:
        # The last stands for all that came after the answer: rather late than to the answered.
        return waiting._replace(since_us=waiting.until_us)
    return waiting


def end(waiting: Waiting) -> Waiting:
    """Wait no longer: there is an answer, or the conversation is over."""
    return waiting._replace(since_us=0, until_us=0, language="")


def due_at_us(policy: AcknowledgingPolicy, waiting: Waiting) -> int:
    """Return when the acknowledgement is due unless an answer comes; 0 for never."""
    if not policy.after_us or not waiting.since_us:
        return 0
    return waiting.since_us + policy.after_us


def is_due(policy: AcknowledgingPolicy, waiting: Waiting, now_us: int) -> bool:
    due = due_at_us(policy, waiting)
    return (
        0 < due <= now_us
        and not waiting.acknowledged
        and now_us - waiting.since_us <= LATEST_US
        and not _is_too_soon(waiting, now_us)
    )


def acknowledge(waiting: Waiting, at_us: int) -> Waiting:
    """Take the acknowledgement: the conversation waits for no other."""
    return end(waiting)._replace(acknowledged=True, acknowledged_at_us=at_us)


def of_next_conversation(waiting: Waiting) -> Waiting:
    """Return what the thread's next conversation knows of it."""
    return Waiting(acknowledged_at_us=waiting.acknowledged_at_us)


def _may_be_acknowledged(policy: AcknowledgingPolicy, contact: Contact) -> bool:
    return (
        policy.after_us > 0
        and contact.timeline == LIVE
        and contact.channel in policy.channels
        and not (contact.automatic or contact.spam or contact.is_public or contact.edited)
    )


def _is_too_soon(waiting: Waiting, at_us: int) -> bool:
    return waiting.acknowledged_at_us > 0 and at_us < waiting.acknowledged_at_us + APART_US
