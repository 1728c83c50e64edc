"""What every channel's requests are turned into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

AuthorKind: TypeAlias = Literal["customer", "agent", "bot", "system"]
Status: TypeAlias = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
AttachmentKind: TypeAlias = Literal["image", "audio", "video", "file", "sticker", "contact", "link"]
ReceiptKind: TypeAlias = Literal["sent", "delivered", "read", "failed"]
CallPhase: TypeAlias = Literal[
    "offered",
    "in_menu",
    "queued",
    "answered",
    "held",
    "resumed",
    "transferred",
    "abandoned",
    "ended",
    "wrapped_up",
]


@dataclass(frozen=True, slots=True)
class Identifier:
    """What the channel or the author told of who they are: "phone", "email", "crm_id", …."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """``content`` holds the bytes where they came with the request; else the platform has them."""

    kind: AttachmentKind
    media_id: str = ""
    url: str = ""
    media_type: str = ""
    name: str = ""
    # 0 when the channel did not say.
    size_bytes: int = 0
    # Shown within the text rather than beside it.
    inline: bool = False
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Location:
    """WGS 84."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class WrittenMessage:
    message_id: str
    author_kind: AuthorKind
    author_name: str
    text: str
    reply_to_message_id: str = ""
    # BCP 47, as the platform gave it.
    language_hint: str = ""
    identifiers: tuple[Identifier, ...] = ()
    # The message with this id was changed to this: it is not another message.
    edited: bool = False
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    # A mail's or a post's title.
    subject: str = ""
    # What the author repeated of earlier messages, and how they sign: not part of ``text``.
    quoted_text: str = ""
    signature: str = ""
    # Everybody can read it: a post, a comment, a review.
    is_public: bool = False
    # What a pressed button or quick reply stands for.
    payload: str = ""
    # Where an answer goes, where the thread's id does not say it; the channel's sender reads it.
    reply_address: str = ""
    # Written by a machine that must not be answered (RFC 3834).
    automatic: bool = False
    spam: bool = False
    # Of a review, 1 to 5; 0 for what is none.
    stars: int = 0


@dataclass(frozen=True, slots=True)
class MessageDeletion:
    message_id: str


@dataclass(frozen=True, slots=True)
class Reaction:
    """``reaction``: the emoji, or the platform's name of it; empty when taken back unnamed."""

    message_id: str
    reaction: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the organisation's messages.

    Without ``message_ids`` it holds for everything until ``until_at_us``.
    """

    kind: ReceiptKind
    message_ids: tuple[str, ...] = ()
    until_at_us: int = 0
    # Of a failure: the platform's code and words.
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Engagement:
    """Counts of a post as shown at this time; None where the platform did not say."""

    message_id: str
    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    reach: int | None = None


@dataclass(frozen=True, slots=True)
class CallStep:
    """One step of a call. ``duration_us``: how long the phase took that this step ends, or 0."""

    call_id: str
    phase: CallPhase
    leg_id: str = ""
    outbound: bool = False
    caller: str = ""
    callee: str = ""
    queue: str = ""
    agent: str = ""
    duration_us: int = 0
    recording_url: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CustomerAction:
    """What a customer did outside of a conversation: "page.viewed", "order.placed", …."""

    action: str
    object_id: str = ""
    author_name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    # Minor units of the currency: 1999 with "USD" is 19.99.
    amount_minor: int = 0
    currency: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """``kind``: "csat", "nps" or "ces"."""

    survey_id: str
    kind: str
    score: float
    scale_min: float
    scale_max: float
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ReplyRequest:
    """An agent's or a bot's answer, to go out on the thread's own channel."""

    reply_id: str
    text: str
    agent_id: str = ""
    agent_name: str = ""
    by_bot: bool = False
    attachments: tuple[Attachment, ...] = ()
    # Each is a title and what it stands for.
    quick_replies: tuple[tuple[str, str], ...] = ()
    # The name, language and parameters of a template that the platform approved.
    template: tuple[str, str, tuple[str, ...]] | None = None
    reply_to_message_id: str = ""
    is_public: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class KeptAttachment:
    """The bytes of a message's attachment were fetched; ``position`` counts from 0."""

    message_id: str
    position: int
    blob_ref: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    status: Status
    assignee: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class PullDue:
    """The platform says that something waits to be pulled; it never becomes an event itself.

    ``scope`` names what to pull ("wk_…"), ``token`` the permission that came along.
    """

    scope: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class UnrecognisedEvent:
    """Authentic, but not of a type and shape that this version knows; kept as it came."""

    type: str
    payload: bytes
    # Why an event of a known type was not understood; never what it says.
    reason: str = ""


IncomingBody: TypeAlias = (
    WrittenMessage
    | MessageDeletion
    | Reaction
    | Receipt
    | Engagement
    | CallStep
    | CustomerAction
    | SurveyAnswer
    | ReplyRequest
    | KeptAttachment
    | StatusChange
    | PullDue
    | UnrecognisedEvent
)


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """One thing that happened, in the words of the channel.

    ``event_id`` is the platform's own, else message id + kind + version: the same on every retry.
    ``thread_id`` is the channel's own conversation, on one-to-one channels the customer's
    identifier; empty when the event belongs to none. ``brand_id`` is empty when the account's
    holds, ``author_id`` when nobody is the author.
    ``occurred_at_us``: microseconds since the epoch, UTC; None when the channel did not say.
    """

    event_id: str
    channel: str
    thread_id: str
    body: IncomingBody
    occurred_at_us: int | None
    author_id: str = ""
    brand_id: str = ""
