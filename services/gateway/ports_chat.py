"""What the web chat needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.gateway.domain.account import Account
from services.gateway.domain.chat_history import ShownMessage
from services.gateway.domain.incoming import AuthorKind, IncomingEvent


class ChatScreen(Protocol):
    async def show(self, thread_key: str, message: Mapping[str, object]) -> None:
        """Show a message wherever its thread is open, now and later; durable when it returns.

        ``message`` is plain JSON as ``services.gateway.chat.shown.to_json`` writes it. One whose
        ``message_id`` the thread has shown already is shown once. Raise ``UnavailableError`` when
        the log does not take it.
        """
        ...


class TypingSigns(Protocol):
    async def notice(
        self, thread_key: str, author_kind: AuthorKind, author_name: str, *, typing: bool
    ) -> None:
        """Tell every replica that somebody types, or has stopped. May be lost."""
        ...


class ChatArchive(Protocol):
    async def fetch(self, thread_key: str, seqs: Sequence[int]) -> Sequence[ShownMessage]:
        """Return those that are still kept, in their order. Raise ``UnavailableError``."""
        ...


class ExpectedWaits(Protocol):
    def seconds(self, organisation: str, channel: str) -> float | None:
        """Return how long a customer who writes now waits for a person; None when nobody knows."""
        ...


class MessageTaker(Protocol):
    """The gateway's way in, as ``RequestIntake`` has it."""

    async def take(
        self, account: Account, events: Sequence[IncomingEvent], raw: bytes = b""
    ) -> object: ...
