"""The course of a conversation: the facts that its memory amounts to, in the order of time.

It depends on *what* is remembered, not on the order in which it arrived. That is why late events
need no cases of their own: the difference between what was told and the course is the correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.conversation.domain.conversation import Conversation, Step
from services.conversation.domain.facts import (
    CLOSED,
    FIRST_RESPONSE,
    OPENED,
    REOPENED,
    SOLVED,
    STATUS_CHANGED,
    Fact,
)
from services.conversation.domain.statuses import CLOSED as STATUS_CLOSED
from services.conversation.domain.statuses import (
    CLOSED_RANK,
    FINISHED,
    MESSAGE_RANK,
    NEW,
    OPEN,
    STATUS_OF,
)
from services.conversation.domain.statuses import SOLVED as STATUS_SOLVED

_END: Final = Step(1 << 63, CLOSED_RANK)


class Course:
    """Where the walk along a conversation's steps has come to."""

    __slots__ = (
        "_opened_at_us",
        "closed_at_us",
        "facts",
        "reopening_at_us",
        "solved_at_us",
        "status",
    )

    def __init__(self, conversation: Conversation) -> None:
        self._opened_at_us = conversation.opened_at_us
        self.reopening_at_us = conversation.settled_contact_at_us
        self.status = conversation.settled_status
        finished_at_us = conversation.settled_finished_at_us
        self.solved_at_us = finished_at_us if self.status == STATUS_SOLVED else 0
        self.closed_at_us = finished_at_us if self.status == STATUS_CLOSED else 0
        self.facts: list[Fact] = []

    def take(self, step: Step) -> None:
        status = STATUS_OF[step.rank]
        if step.solved_at_us:
            if self.status != STATUS_SOLVED or self.solved_at_us != step.solved_at_us:
                return
        elif status == self.status or (
            status == STATUS_SOLVED and self.status == STATUS_CLOSED  # closed is more than solved
        ):
            # Whichever knows of the earlier message: both come before it.
            contacts = (self.reopening_at_us, step.contact_at_us)
            self.reopening_at_us = min(filter(None, contacts), default=0)
            return
        self._turn(status, step.at_us)
        self.reopening_at_us = step.contact_at_us

    def take_messages(self, first_reply_at_us: int, until: Step) -> int:
        """Apply the messages that change the status before ``until``; return the reply if not."""
        if first_reply_at_us and (first_reply_at_us, MESSAGE_RANK) < until:
            if self.status == NEW:
                self._turn(OPEN, first_reply_at_us)
            first_reply_at_us = 0
        if self.reopening_at_us and (self.reopening_at_us, MESSAGE_RANK) < until:
            self._turn(OPEN, self.reopening_at_us)
            self.reopening_at_us = 0
        return first_reply_at_us

    def _turn(self, status: str, at_us: int) -> None:
        if status not in FINISHED and self.status in FINISHED:
            self.facts.append((REOPENED, at_us, 0, ""))
        self.status = status
        self.facts.append((STATUS_CHANGED, at_us, 0, status))
        if status == STATUS_SOLVED:
            self.solved_at_us = at_us
            self.facts.append((SOLVED, at_us, at_us - self._opened_at_us, ""))
        elif status == STATUS_CLOSED:
            self.closed_at_us = at_us
            self.facts.append((CLOSED, at_us, 0, ""))


def course_of(conversation: Conversation) -> Course:
    course = _walk(conversation, conversation.steps, _END)
    course.facts = _facts_of_messages(conversation) + course.facts
    return course


def facts_without_steps(conversation: Conversation) -> list[Fact]:
    """Return the facts of a course without steps, which most are: messages only."""
    facts = _facts_of_messages(conversation)
    if conversation.first_reply_at_us:
        facts.append((STATUS_CHANGED, conversation.first_reply_at_us, 0, OPEN))
    return facts


def _facts_of_messages(conversation: Conversation) -> list[Fact]:
    facts: list[Fact] = [(OPENED, conversation.opened_at_us, 0, "")]
    answered = conversation.first_response_at_us
    if answered:
        facts.append((FIRST_RESPONSE, answered, answered - conversation.first_contact_at_us, ""))
    return facts


def course_until_second_step(conversation: Conversation) -> Course:
    """Return the course as it stands right before the second step."""
    return _walk(conversation, conversation.steps[:1], conversation.steps[1])


def _walk(conversation: Conversation, steps: Sequence[Step], until: Step) -> Course:
    course = Course(conversation)
    reply = conversation.first_reply_at_us
    if (reply, MESSAGE_RANK) < conversation.settled_until:
        reply = 0
    for step in steps:
        reply = course.take_messages(reply, step)
        course.take(step)
    course.take_messages(reply, until)
    return course
