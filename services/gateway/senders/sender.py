"""What the sender lane asks of a channel, and what a channel's sender may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.gateway.domain.outbound import Part, Reply


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """An HTTP answer; headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class AccessToken:
    """``expires_at_us``: microseconds since the epoch, UTC."""

    value: str
    expires_at_us: int


class Platform(Protocol):
    """The outside world of one account: calls, tokens, time. Fakes stand in for it in tests."""

    def now_us(self) -> int: ...

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> PlatformAnswer:
        """Call the platform once; at most one of ``json``, ``form`` and ``body``.

        Raise ``TryLaterError`` when no byte of the request can have arrived (refused, no such
        host), ``UnknownOutcomeError`` when it may have. No redirect is followed.
        """
        ...

    async def token(self, name: str, fetch: Callable[[], Awaitable[AccessToken]]) -> str:
        """Return the token of this name, fetched when there is none or it is about to expire."""
        ...

    def forget_token(self, name: str) -> None:
        """Drop a token that the platform no longer takes; the next ``token`` fetches anew."""
        ...

    async def submit_mail(
        self, server: str, message: bytes, sender: str, recipients: Sequence[str]
    ) -> None:
        """Hand a mail to an SMTP server ("smtp://user:password@host:587", "smtps://…").

        Raise ``TryLaterError`` (4xx, no connection), ``ReplyRefusedError`` (5xx) or
        ``UnknownOutcomeError`` (the connection ended after the message had gone out).
        """
        ...

    async def show_in_chat(self, thread_key: str, message: Mapping[str, object]) -> None:
        """Show a message in the organisation's own web chat; durable when it returns."""
        ...


class Sender(Protocol):
    """A channel's way out. ``settings`` are the account's, of the channel's settings class."""

    @property
    def kind(self) -> str:
        """Return the channel's kind."""
        ...

    @property
    def idempotent(self) -> bool:
        """Tell whether the platform drops a part that is sent again with the same key."""
        ...

    def plan(self, reply: Reply, settings: Any, now_us: int) -> Sequence[Part]:
        """Say in which parts it goes out. Pure. Raise ``ReplyRefusedError`` with the way out."""
        ...

    async def send(self, part: Part, settings: Any, platform: Platform) -> str:
        """Send one part; return the platform's id of the message ("" where it gives none).

        Raise ``ReplyRefusedError``, ``TryLaterError`` (429, 5xx) or ``UnknownOutcomeError``.
        """
        ...
