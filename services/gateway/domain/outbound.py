"""A reply on its way out: what is to be said, in how many parts, and how it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.gateway.domain.incoming import Attachment


@dataclass(frozen=True, slots=True)
class Reply:
    """``thread_id`` and ``reply_address`` are the channel's own words, as its ``parse`` gave them.

    ``last_customer_at_us``: when the customer wrote last, microseconds since the epoch, UTC; 0 when
    never. ``public``: answered where everybody reads it.
    """

    reply_id: str
    thread_id: str
    text: str
    reply_address: str = ""
    last_customer_message_id: str = ""
    last_customer_at_us: int = 0
    attachments: tuple[Attachment, ...] = ()
    # Each is a title and what it stands for.
    quick_replies: tuple[tuple[str, str], ...] = ()
    # The name, language and parameters of a template that the platform approved.
    template: tuple[str, str, tuple[str, ...]] | None = None
    reply_to_message_id: str = ""
    agent_name: str = ""
    by_bot: bool = False
    public: bool = False
    automatic: bool = False
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One call of the platform. Built by ``plan``; the same reply gives the same parts.

    ``key`` is the idempotency key: the same whenever the part is tried again. ``payload`` is what
    ``send`` needs and is plain JSON.
    """

    key: str
    text: str
    payload: Mapping[str, object] = field(default_factory=dict)


class ReplyRefusedError(Exception):
    """It cannot go out, now or later, as it is: by a rule of the platform, or by its answer.

    ``code`` is short and stable ("window_closed", "too_long", or the platform's own), ``remedy``
    says what the agent can do instead ("send an approved template").
    """

    def __init__(self, code: str, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.remedy = remedy


class TryLaterError(Exception):
    """The platform did not take it, and may take it later; ``after_us`` 0 when it named no time."""

    def __init__(self, reason: str, after_us: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_us = after_us


class UnknownOutcomeError(Exception):
    """It may have been sent, or not: the connection ended after the request had gone out."""
