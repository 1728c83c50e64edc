"""What a thread must know to be answered, and to know its answers again."""

from __future__ import annotations

from zlib import crc32

from services.conversation.domain.acknowledging import of_next_conversation
from services.conversation.domain.conversation import (
    MAX_SENT_MARKS,
    Conversation,
    LastContact,
)


def note_contact(
    known: Conversation, at_us: int, message_id: str, account_id: str, reply_address: str
) -> None:
    """Remember a customer's message when it is the newest of its thread."""
    last = known.last_contact
    if at_us >= last.at_us:
        # Another account's address would lead an answer astray.
        kept = last.reply_address if account_id == last.account_id else ""
        address = reply_address or kept
        known.last_contact = LastContact(at_us, message_id, account_id, address)


def was_sent(known: Conversation, message_id: str) -> bool:
    """Tell whether this message of an agent or a bot is known: sent from here, or told of."""
    return bool(message_id) and _mark(message_id) in known.sent_marks


def note_sent(known: Conversation, message_id: str) -> None:
    """Remember a message of an agent or a bot."""
    if message_id:
        known.sent_marks = (*known.sent_marks, _mark(message_id))[-MAX_SENT_MARKS:]


def take_over(new: Conversation, before: Conversation) -> None:
    """Let a thread's new conversation know what the one before it knew."""
    new.last_contact = before.last_contact
    new.sent_marks = before.sent_marks
    new.waiting = of_next_conversation(before.waiting)


def _mark(message_id: str) -> int:
    # Four bytes instead of some forty, for every conversation. Among the 16 of one thread, two
    # ids that differ have the same one once in 250 million times.
    return crc32(message_id.encode())
