"""What a channel is to the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import IncomingEvent


class Channel(Protocol):
    """A kind of channel: pure functions of a request, an account's secrets and the time."""

    @property
    def kind(self) -> str:
        """Name the channel in the accounts file, in event ids and in metrics."""
        ...

    @property
    def path(self) -> str:
        """Return the path below which its accounts' addresses lie."""
        ...

    def check_secret(self, secret: str) -> None:
        """Raise ``ValueError`` that says what a secret of this channel looks like."""
        ...

    def verify(self, request: InboundRequest, secrets: Sequence[str], now_us: int) -> None:
        """Raise ``RefusedError`` unless one of the account's secrets proves the request.

        Compares in constant time. ``secrets`` is never empty: whoever has none is refused before.
        """
        ...

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        """Return what the verified request tells.

        Raise ``InvalidRequestError`` for what is not the channel's contract. A type of event that
        is not known is no error: it becomes an ``UnrecognisedEvent``.
        """
        ...
