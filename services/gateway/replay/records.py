"""What a replay gives: the events of a file, in order, ready to be published.

Every identifier is a pure function of the row (and of the shift, when times are shifted): the
mapping's namespace and the platform's own id. Overlapping files therefore give the same events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

AuthorKind: TypeAlias = Literal["customer", "agent"]
CaseStatus: TypeAlias = Literal["new", "open", "pending", "on_hold", "solved", "closed"]


@dataclass(frozen=True, slots=True)
class ReplayMessage:
    """Somebody wrote. Identifiers are as on the platform; ``brand_id`` is "" when unknown.

    ``author_name``, ``phone`` and ``email`` are what the file tells of the author, or "".
    """

    event_id: str
    thread_key: str
    author_id: str
    author_kind: AuthorKind
    occurred_at_us: int
    text: str
    message_id: str
    reply_to_message_id: str
    brand_id: str
    channel: str
    organisation_id: str
    account_id: str
    author_name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ReplayStatus:
    """A case changed its status; ``assignee`` and ``priority`` are the file's words, or ""."""

    event_id: str
    thread_key: str
    occurred_at_us: int
    status: CaseStatus
    assignee: str
    priority: str
    brand_id: str
    channel: str
    organisation_id: str
    account_id: str


ReplayRecord: TypeAlias = ReplayMessage | ReplayStatus


class ReplayFileError(ValueError):
    """The file as a whole cannot be read with this mapping; the message says what to change."""
