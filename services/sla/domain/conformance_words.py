"""The words in which cases tell what happened, and what they mean to the clocks.

Systems name their states freely; a case's policy says which of them pause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from services.sla.domain.plain_data import DataError
from services.sla.domain.policies import Status

Meaning = Literal[
    "created by a customer",
    "created by an agent",
    "customer wrote",
    "agent answered",
    "agent acknowledged",
    "reopened",
    "handed over",
    "state",
    "priority",
    "promise ended",
    "nothing",
]

_MEANINGS: Final[dict[Meaning, tuple[str, ...]]] = {
    "created by a customer": (
        "customer_message_creates_ticket",
        "customer_creates_ticket",
        "conversation_created",
        "ticket_created",
        "created",
        "create",
    ),
    "created by an agent": ("agent_message_creates_ticket", "agent_creates_ticket"),
    "customer wrote": ("customer_message", "customer_reply", "customer_comment", "incoming"),
    "agent answered": ("agent_reply", "agent_message", "agent_response", "outgoing"),
    "agent acknowledged": ("first_response_only", "first_response"),
    "reopened": ("reopened", "reopen"),
    "handed over": ("bot_handover", "bot_handoff", "handover", "handoff"),
    "state": ("state", "status", "state_changed", "status_changed"),
    "priority": ("priority", "priority_changed"),
    "promise ended": ("policy_removed", "sla_removed", "policy_no_longer_matches"),
    # Bots and private notes answer nobody; the rest only lets time pass.
    "nothing": (
        "bot_reply",
        "bot_message",
        "auto_reply",
        "private_note",
        "internal_note",
        "agent_note",
        "note",
        "assigned",
        "tick",
        "poll",
    ),
}
_MEANING_OF: Final = {word: meaning for meaning, words in _MEANINGS.items() for word in words}
# Events that are a change of state by another name.
_STATE_OF: Final = {
    "resolve": "solved",
    "resolved": "solved",
    "solve": "solved",
    "solved": "solved",
    "bot_resolved": "solved",
    "bot_resolve": "solved",
    "close": "closed",
    "closed": "closed",
    "pause": "paused",
    "hold": "paused",
    "snooze": "paused",
    "resume": "open",
    "open": "open",
}
_RESOLVED: Final = frozenset(
    {"solved", "resolved", "closed", "completed", "done", "merged", "fulfilled"}
)
_WAITING: Final = frozenset({"pending", "on_hold", "hold", "waiting", "snoozed", "replied"})
# The one status of a case's policy that pauses: all of its pausing states are told as this one.
PAUSING: Final[Status] = "on_hold"


def plain(word: object) -> str:
    if not isinstance(word, str) or not word:
        raise DataError(f"{word!r} is not a name; write it as text")
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def meaning_of(event: Mapping[str, Any]) -> tuple[Meaning, str]:
    """Return what an event means, and the state it leads to, or an empty text."""
    told = plain(event.get("type"))
    if told in _STATE_OF:
        return "state", _STATE_OF[told]
    if told not in _MEANING_OF:
        known = ", ".join(sorted({*_MEANING_OF, *_STATE_OF}))
        raise DataError(f"unknown event type {told!r} at {event.get('at')}; known: {known}")
    meaning = _MEANING_OF[told]
    named = event.get("to", event.get("state", event.get("status")))
    if meaning == "state" and named is None:
        raise DataError(f"the event at {event.get('at')} changes the state; say 'to' which")
    return meaning, "" if named is None else plain(named)


def status_of(state: str, pausing: frozenset[str], *, ends: bool) -> Status:
    """Return the status that does to the clocks what a state does.

    A state that both pauses and resolves does the latter only where ``ends`` says so: the systems
    that list "closed" as pausing tell the resolution apart.
    """
    if state == "paused" or (state in pausing and not (ends and state in _RESOLVED)):
        return PAUSING
    if state in _RESOLVED:
        return "closed" if state == "closed" else "solved"
    if state in _WAITING:
        return "pending"
    return "new" if state == "new" else "open"
