"""How far a reply has come on its way out, and which reports of it are still news.

Reports come from the log, and may come twice, late, or from a process that was thought dead.
Whoever calls the platform writes the attempt down first; a report counts only when it fits what is
known, so that whatever order the reports of two processes come in, everybody decides the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

End: TypeAlias = Literal["sent", "refused", "unknown"]

SENT: Final = "sent"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class OpenReply:
    """A reply that is not at its end. ``position`` grows in the order of the requests."""

    position: int
    # Replies of one thread go out in their order.
    thread_key: str
    # The event that asked for it, as it came.
    request: bytes
    # The part that is next, or under way.
    part: int = 0
    # 0 until it is planned.
    parts: int = 0
    # How often this part was attempted; 0 before the first time.
    attempt: int = 0
    # The last attempt was written down, and nobody knows yet what became of it.
    under_way: bool = False
    # This part may have gone out by an earlier attempt, and is tried again because that is safe.
    doubtful: bool = False
    # Microseconds since the epoch, UTC: not before this.
    next_at_us: int = 0
    # When this part was attempted first: platforms forget in time what they took.
    first_attempt_at_us: int = 0


@dataclass(frozen=True, slots=True)
class EndedReply:
    """Remembered so that the same reply is not sent again, and a late word is understood."""

    end: End
    part: int
    # Another thread's reply of the same id is another reply.
    thread_key: str = ""


def attempted(
    reply: OpenReply, part: int, parts: int, attempt: int, at_us: int
) -> OpenReply | None:
    """Return the reply after a written attempt; None when it is no news.

    An attempt may follow one without a known outcome: the platform drops what it took already.
    """
    if (part, attempt) != (reply.part, reply.attempt + 1):
        return None
    return replace(
        reply,
        parts=parts,
        attempt=attempt,
        under_way=True,
        doubtful=reply.doubtful or reply.under_way,
        next_at_us=0,
        first_attempt_at_us=reply.first_attempt_at_us or at_us,
    )


def delayed(
    reply: OpenReply, part: int, attempt: int, next_at_us: int, *, doubtful: bool
) -> OpenReply | None:
    """Return the reply after an attempt that is to be repeated; None when it is no news.

    ``doubtful``: nobody knows whether the platform took it.
    """
    if not reply.under_way or (part, attempt) != (reply.part, reply.attempt):
        return None
    return replace(
        reply, under_way=False, doubtful=reply.doubtful or doubtful, next_at_us=next_at_us
    )


def sent(reply: OpenReply, part: int) -> OpenReply | EndedReply | None:
    """Return what follows a part that went out: the next one, or the end; None when it is no news.

    Which attempt it was does not matter: what is out, is out.
    """
    if part != reply.part:
        return None
    if part + 1 >= reply.parts:
        return EndedReply(SENT, part, reply.thread_key)
    return OpenReply(
        reply.position, reply.thread_key, reply.request, part=part + 1, parts=reply.parts
    )


def refused(reply: OpenReply, part: int, attempt: int) -> EndedReply | None:
    """Return the end of a reply that was refused before or at an attempt; None when no news."""
    if (part, attempt) != (reply.part, reply.attempt):
        return None
    return EndedReply(REFUSED, part, reply.thread_key)


def given_up(reply: OpenReply, part: int, attempt: int) -> EndedReply | None:
    """Return the end of a reply whose attempts have no known outcome; None when no news."""
    if not (reply.under_way or reply.doubtful) or (part, attempt) != (reply.part, reply.attempt):
        return None
    return EndedReply(UNKNOWN, part, reply.thread_key)


def found_sent(ended: EndedReply, part: int) -> EndedReply | None:
    """Return the end of a reply whose outcome is known after all; None when no news."""
    if ended.end != UNKNOWN or part != ended.part:
        return None
    return replace(ended, end=SENT)
