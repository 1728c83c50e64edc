"""Records what happens in a conversation and returns what to tell of it, corrections included.

Whatever the order of arrival, the net of the facts is that of the order of time, within limits:

- A conversation is never split or joined afterwards. An event that belongs before a closing which
  is known goes into that conversation; but a closing that arrives late does not move what had
  already arrived for later instants: a customer's message after it counts as a reopening.
- A thread's conversation that a newer one has followed stays closed.
- ``MAX_STEPS``, ``MAX_EARLY_REPLIES`` and ``MAX_RECENT_CONTACTS`` bound what late events can
  correct: steps older than the newest 64 are final, and a late solving is known to have been
  reopened only by one of the 8 newest customer messages.
- Where events name different brands, a fact keeps the brand it was told with (its taking back
  names the same one), so the split by brand may depend on the order of arrival; the sums do not.
- Assignee and priority go by time too; of one instant the last to arrive holds.

Of one instant: new and open come first, then messages, then the other statuses. A reply at the very
instant of the first customer message answers it, after no time; a customer's message at the very
instant of solving does not reopen.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.conversation.domain.conversation import (
    MAX_EARLY_REPLIES,
    MAX_RECENT_CONTACTS,
    MAX_STEPS,
    Conversation,
    Step,
)
from services.conversation.domain.course import (
    course_of,
    course_until_second_step,
    facts_without_steps,
)
from services.conversation.domain.facts import CONTACT, OPENED, REOPENED, REPLY, Fact, Telling
from services.conversation.domain.statuses import (
    CLOSED,
    CLOSED_RANK,
    FINISHED,
    MESSAGE_RANK,
    NEW,
    OPEN,
    RANKS,
    SOLVED,
    SOLVED_RANK,
)

# Told before the message that caused it.
_BEFORE_MESSAGE = frozenset({OPENED, REOPENED})


@dataclass(frozen=True, slots=True)
class Recorder:
    """``window_us``: how long a solved conversation can be reopened before it closes."""

    window_us: int

    def contact(
        self,
        known: Conversation,
        at_us: int,
        brand_id: str,
        timeline: str,
        *,
        party_key: str = "",
        customer_id: str = "",
    ) -> Telling:
        """Record a customer's message."""
        known.contacts += 1
        first = known.first_contact_at_us
        if customer_id and party_key == known.party_key:
            known.customer_id = customer_id
        in_order = at_us > known.latest_at_us or (at_us == known.latest_at_us and not known.steps)
        if first and in_order and known.status not in FINISHED:
            # Nothing told so far can change: the common case, without the walk below.
            known.latest_at_us = at_us
            recent = known.recent_contacts
            if len(recent) == MAX_RECENT_CONTACTS:
                recent = recent[1:]
            known.recent_contacts = (*recent, at_us)
            return Telling(((CONTACT, at_us, 0, ""),))
        if not first or at_us < first:
            known.party_key = party_key
            known.customer_id = customer_id
            _begin_with(known, at_us)
        newest = sorted((*known.recent_contacts, at_us))
        known.recent_contacts = tuple(newest[-MAX_RECENT_CONTACTS:])
        if known.steps:
            _reopen(known, at_us)
        return self._tell(known, at_us, brand_id, timeline, CONTACT)

    def reply(self, known: Conversation, at_us: int, brand_id: str, timeline: str) -> Telling:
        """Record an agent's message."""
        known.replies += 1
        if known.first_response_at_us and at_us >= known.latest_at_us:
            known.latest_at_us = at_us
            return Telling(((REPLY, at_us, 0, ""),))
        if not known.first_reply_at_us or at_us < known.first_reply_at_us:
            known.first_reply_at_us = at_us
        first = known.first_contact_at_us
        if not first or at_us < first:
            newest = sorted((*known.early_replies, at_us))
            known.early_replies = tuple(newest[-MAX_EARLY_REPLIES:])
        elif not known.first_response_at_us or at_us < known.first_response_at_us:
            known.first_response_at_us = at_us
        return self._tell(known, at_us, brand_id, timeline, REPLY)

    def change_status(
        self,
        known: Conversation,
        at_us: int,
        brand_id: str,
        timeline: str,
        *,
        status: str = "",
        assignee: str = "",
        priority: str = "",
    ) -> Telling:
        """Record what an agent or another system set; what is empty stays as it is."""
        if assignee and at_us >= known.assignee_at_us:
            known.assignee, known.assignee_at_us = assignee, at_us
        if priority and at_us >= known.priority_at_us:
            known.priority, known.priority_at_us = priority, at_us
        if status and (at_us, RANKS[status]) >= known.settled_until:
            contact_at_us = 0
            if status in FINISHED:
                contact_at_us = next((at for at in known.recent_contacts if at > at_us), 0)
            _insert(known, Step(at_us, RANKS[status], contact_at_us))
        return self._tell(known, at_us, brand_id, timeline)

    def close(self, known: Conversation) -> Telling:
        """Close a solved conversation at the end of its window."""
        at_us = known.closes_at_us
        if not at_us:
            raise ValueError(f"{known.conversation_id} is {known.status}; only solved ones close")
        _insert(known, Step(at_us, CLOSED_RANK, solved_at_us=known.solved_at_us))
        return self._tell(known, at_us, known.brand_id, known.closes_timeline)

    def _tell(
        self, known: Conversation, at_us: int, brand_id: str, timeline: str, message: int = 0
    ) -> Telling:
        """Return what turns the facts told so far into the true ones, and the message's own."""
        if at_us < known.opened_at_us:  # noqa: PLR1730  # min() costs more than the rest here
            known.opened_at_us = at_us
        if at_us > known.latest_at_us:  # noqa: PLR1730
            known.latest_at_us = at_us
        if known.steps:
            true = self._follow_steps(known, timeline)
        else:
            known.status = OPEN if known.first_reply_at_us else NEW
            true = facts_without_steps(known)
        new, taken_back = _retell(known, true, brand_id, timeline)
        if len(known.steps) > MAX_STEPS:
            _settle(known)
        if not message:
            return Telling(new, taken_back)
        own = (message, at_us, 0, "")
        led = 1 if new and new[0][0] in _BEFORE_MESSAGE else 0
        return Telling((*new[:led], own, *new[led:]), taken_back)

    def _follow_steps(self, known: Conversation, timeline: str) -> list[Fact]:
        """Let the status follow its course, and the closing by time the solving."""
        course = course_of(known)
        known.status = course.status
        known.closed_at_us = course.closed_at_us if course.status == CLOSED else 0
        if course.status != SOLVED:
            known.solved_at_us = known.closes_at_us = 0
            known.closes_timeline = ""
        elif known.solved_at_us != course.solved_at_us:
            known.solved_at_us = course.solved_at_us
            known.closes_at_us = course.solved_at_us + self.window_us
            known.closes_timeline = timeline
        return course.facts


def seal(known: Conversation) -> None:
    """Make a closing by timer final, and forget void ones: a newer conversation opens."""
    known.steps = tuple(
        [
            step._replace(solved_at_us=0)
            for step in known.steps
            if not step.solved_at_us or step.at_us == known.closed_at_us
        ]
    )


def _retell(known: Conversation, true: list[Fact], brand_id: str, timeline: str) -> Telling:
    """Bring what is told in line with what is true, and return the difference."""
    told = known.told
    if not told:
        known.told = tuple([(*fact, brand_id, timeline) for fact in true])
        return Telling(true)
    facts = [fact[:4] for fact in told]
    if facts == true[: len(told)]:
        new = true[len(told) :]
        known.told = (*told, *[(*fact, brand_id, timeline) for fact in new])
        return Telling(new)
    kept = dict(zip(facts, told, strict=True))
    wanted = dict.fromkeys(true)
    new = [fact for fact in true if fact not in kept]
    known.told = tuple([kept.get(fact) or (*fact, brand_id, timeline) for fact in true])
    return Telling(new, [fact for fact in told if fact[:4] not in wanted])


def _begin_with(known: Conversation, at_us: int) -> None:
    """Take a customer's message as the first; replies since then may turn out to answer it."""
    known.first_contact_at_us = at_us
    if not known.early_replies:
        return
    answers = [reply for reply in known.early_replies if reply >= at_us]
    known.early_replies = tuple([reply for reply in known.early_replies if reply < at_us])
    if answers:
        known.first_response_at_us = answers[0]


def _reopen(known: Conversation, at_us: int) -> None:
    """Let the message be what reopens, wherever it is the first after a solving or closing."""
    known.steps = tuple([_reopened_by(step, at_us) for step in known.steps])
    earliest = known.settled_contact_at_us
    if (
        known.settled_status in FINISHED
        and (at_us, MESSAGE_RANK) >= known.settled_until
        and (not earliest or at_us < earliest)
    ):
        known.settled_contact_at_us = at_us


def _reopened_by(step: Step, at_us: int) -> Step:
    if step.rank < SOLVED_RANK or at_us <= step.at_us:
        return step
    if step.contact_at_us and step.contact_at_us <= at_us:
        return step
    return step._replace(contact_at_us=at_us)


def _insert(known: Conversation, step: Step) -> None:
    known.steps = tuple(sorted((*known.steps, step)))


def _settle(known: Conversation) -> None:
    """Forget the oldest steps beyond what is kept; what they told is final."""
    while len(known.steps) > MAX_STEPS:
        course = course_until_second_step(known)
        known.settled_until = known.steps[1][:2]
        known.settled_status = course.status
        known.settled_finished_at_us = (
            course.closed_at_us if course.status == CLOSED else course.solved_at_us
        )
        known.settled_contact_at_us = course.reopening_at_us
        known.steps = known.steps[1:]
    true = dict.fromkeys(course_of(known).facts)
    known.told = tuple([fact for fact in known.told if fact[:4] in true])
