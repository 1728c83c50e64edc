"""What every channel's requests are turned into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

AuthorKind: TypeAlias = Literal["customer", "agent", "bot"]
Status: TypeAlias = Literal["new", "open", "pending", "on_hold", "solved", "closed"]


@dataclass(frozen=True, slots=True)
class Identifier:
    """What the channel or the author told of who they are: "phone", "email", "crm_id", …."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class WrittenMessage:
    message_id: str
    author_kind: AuthorKind
    author_name: str
    text: str
    reply_to_message_id: str = ""
    language_hint: str = ""
    identifiers: tuple[Identifier, ...] = ()
    # The message with this id was changed to this: it is not another message.
    edited: bool = False


@dataclass(frozen=True, slots=True)
class StatusChange:
    status: Status
    assignee: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class UnrecognisedEvent:
    """Authentic, but not of a type and shape that this version knows; kept as it came."""

    type: str
    payload: bytes
    # Why an event of a known type was not understood; never what it says.
    reason: str = ""


IncomingBody: TypeAlias = WrittenMessage | StatusChange | UnrecognisedEvent


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """One thing that happened, in the words of the channel.

    ``event_id`` is the platform's own; ``thread_id`` is empty when the event belongs to none,
    ``brand_id`` when the account's holds, ``author_id`` when nobody is the author.
    ``occurred_at_us``: microseconds since the epoch, UTC; None when the channel did not say.
    """

    event_id: str
    channel: str
    thread_id: str
    body: IncomingBody
    occurred_at_us: int | None
    author_id: str = ""
    brand_id: str = ""
