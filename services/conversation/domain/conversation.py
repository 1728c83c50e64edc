"""What is remembered of a conversation: enough to apply a late event where it belongs."""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple

from services.conversation.domain.acknowledging import NOT_WAITING, Waiting
from services.conversation.domain.facts import Told
from services.conversation.domain.statuses import NEW

# What is kept for late events. Beyond it a late event still counts, but corrects less; see
# services/conversation/domain/recorder.py.
MAX_STEPS: Final = 64
MAX_EARLY_REPLIES: Final = 64
MAX_RECENT_CONTACTS: Final = 8
MAX_SENT_MARKS: Final = 16

_ID_BYTES = 15


class Step(NamedTuple):
    """A change of status that was asked for. Steps sort by instant and rank."""

    at_us: int
    # The status, as its rank in services.conversation.domain.statuses.
    rank: int
    # Solved and closed: the first customer message after it; 0 while there is none.
    contact_at_us: int = 0
    # A closing by timer: the solving that it closes. It is void when that was none for so long.
    solved_at_us: int = 0


class LastContact(NamedTuple):
    """What an answer needs to know of the thread's newest customer message; 0 for none."""

    at_us: int = 0
    message_id: str = ""
    # The organisation's account that it was written to.
    account_id: str = ""
    # Where an answer goes, in the channel's own words: the newest that a message named.
    reply_address: str = ""


NO_CONTACT: Final = LastContact()


@dataclass(slots=True)
class Conversation:
    """One conversation of a thread. An instant of 0 means that it has not happened."""

    conversation_id: str
    organisation_id: str
    thread_key: str
    channel: str
    ordinal: int
    opened_at_us: int
    # The latest instant that anything in it has shown.
    latest_at_us: int
    # The first that any event named.
    brand_id: str = ""
    # The author of the first customer message.
    party_key: str = ""
    customer_id: str = ""
    status: str = NEW
    solved_at_us: int = 0
    closed_at_us: int = 0
    # Solved: a customer's message up to this instant reopens it; afterwards it is closed.
    closes_at_us: int = 0
    # The timeline whose time closes it.
    closes_timeline: str = ""
    assignee: str = ""
    assignee_at_us: int = 0
    priority: str = ""
    priority_at_us: int = 0
    contacts: int = 0
    replies: int = 0
    first_contact_at_us: int = 0
    # The first reply of all, even before the customer wrote.
    first_reply_at_us: int = 0
    # The first reply at or after the first customer message.
    first_response_at_us: int = 0
    # Replies before the first customer message, sorted: an earlier message may make one the first.
    early_replies: tuple[int, ...] = ()
    # The newest customer messages, sorted: a late solving may have been reopened by one.
    recent_contacts: tuple[int, ...] = ()
    # Sorted.
    steps: tuple[Step, ...] = ()
    # Whatever sorts before this instant and rank is forgotten, what it told is final, and it came
    # to this status.
    settled_until: tuple[int, int] = (0, 0)
    settled_status: str = NEW
    # Settled as solved or closed: since when, and the first customer message after it.
    settled_finished_at_us: int = 0
    settled_contact_at_us: int = 0
    # What was told and could still be corrected (contacts and replies never are).
    told: tuple[Told, ...] = ()
    # Of the thread: a new conversation takes both over from the one before it.
    last_contact: LastContact = NO_CONTACT
    # The newest messages of agents and bots: a platform tells of some that were sent from here.
    sent_marks: tuple[int, ...] = ()
    waiting: Waiting = NOT_WAITING


def conversation_id_of(organisation_id: str, thread_key: str, ordinal: int) -> str:
    """Return the id of a thread's n-th conversation: the same wherever it is computed."""
    name = f"{organisation_id}\0{thread_key}\0{ordinal}".encode()
    digest = blake2b(name, digest_size=_ID_BYTES).digest()
    return "cv_" + b32encode(digest).decode().lower()


def new_conversation(
    organisation_id: str, thread_key: str, channel: str, ordinal: int, at_us: int
) -> Conversation:
    return Conversation(
        conversation_id_of(organisation_id, thread_key, ordinal),
        organisation_id,
        thread_key,
        channel,
        ordinal,
        opened_at_us=at_us,
        latest_at_us=at_us,
    )
