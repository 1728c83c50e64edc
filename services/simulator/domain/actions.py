"""What happens in the model: somebody writes, somebody answers, a status changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
Status: TypeAlias = Literal["new", "open", "pending", "on_hold", "solved", "closed"]


@dataclass(frozen=True, slots=True)
class Identifier:
    """What an author tells of who they are; ``kind`` is "phone" or "email"."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What every action says.

    ``at_us``: microseconds since the epoch, UTC, in the model's time. ``action_id`` and
    ``conversation_id`` are unique in the model; ``thread_id`` is the channel's own: on one-to-one
    channels all conversations of a customer have the same.
    """

    at_us: int
    action_id: str
    conversation_id: str
    brand: str
    channel: str
    thread_id: str


@dataclass(frozen=True, slots=True)
class CustomerWrites(Happening):
    """``reply_to`` is the action that it answers, or empty."""

    author_id: str
    author_name: str
    text: str
    language: Language
    reply_to: str = ""
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentReplies(Happening):
    agent_id: str
    agent_name: str
    text: str
    language: Language
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class StatusChanges(Happening):
    status: Status
    assignee: str = ""
    priority: str = ""


Action: TypeAlias = CustomerWrites | AgentReplies | StatusChanges
