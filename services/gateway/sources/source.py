"""What a source is to the gateway, and what it may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent, PullDue


class Surroundings(Protocol):
    """What one account's source may use. Fakes stand in for it in tests."""

    @property
    def account(self) -> Account: ...

    def now_us(self) -> int: ...

    async def take(self, events: Sequence[IncomingEvent], raw: bytes = b"") -> None:
        """Publish; return once everything is durable. Waits for as long as nothing can be kept.

        Repeats are dropped by their event ids: a source that crashed before it moved its cursor
        simply reads again.
        """
        ...

    def cursor(self, name: str) -> str:
        """Return what was kept under this name, or ""."""
        ...

    async def keep_cursor(self, name: str, value: str) -> None:
        """Keep it durably (fsync), after what it stands behind was taken."""
        ...

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Call once, with a time limit and a limit of size; header names in lower case.

        Raise ``ConnectionError`` when there is no answer.
        """
        ...

    def stream(self, url: str, *, headers: Mapping[str, str] | None = None) -> AsyncIterator[bytes]:
        """Open a stream of lines, each without its end; it ends when the other side ends it.

        Raise ``ConnectionError`` when it cannot be opened or breaks.
        """
        ...

    async def next_due(self, seconds: float) -> PullDue | None:
        """Wait for the platform to say that something can be pulled, at most so long."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait so long; fakes return at once."""
        ...

    def report(self, trouble: str = "") -> None:
        """Tell the health report how it goes; "" is well."""
        ...


class Source(Protocol):
    """Runs beside the channels' requests for one account, until cancelled.

    Trouble outside (no connection, 5xx, wrong credentials) is reported, retried with growing
    pauses, and never ends it; a bug does.
    """

    @property
    def kind(self) -> str:
        """Return the channel's kind."""
        ...

    def wanted(self, settings: Any) -> bool:
        """Tell whether this account's settings ask for it (a mailbox may be send-only)."""
        ...

    async def run(self, around: Surroundings, settings: Any) -> None: ...
