"""What a channel is to the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from services.gateway.domain.inbound import Answer, InboundRequest
from services.gateway.domain.incoming import IncomingEvent


class Channel(Protocol):
    """A kind of channel: pure functions of a request, an account's settings and the time.

    Each brings one settings class: a frozen dataclass of texts, numbers, flags and tuples of them,
    with ``secrets: tuple[str, ...]`` for what proves a request (several while one is rotated).
    Whoever has none is refused before any method below is called.
    """

    @property
    def kind(self) -> str:
        """Name the channel in the accounts file, in event ids and in metrics."""
        ...

    @property
    def path(self) -> str:
        """Return the path below which its accounts' addresses lie; "" when nothing is pushed."""
        ...

    @property
    def settings(self) -> type[Any]:
        """Return the settings class."""
        ...

    @property
    def strict(self) -> bool:
        """Tell whether what is not understood is answered 400.

        True for the organisation's own systems, which can mend it. A platform cannot: it gets its
        2xx, and what it sent is kept as a dead letter.
        """
        ...

    @property
    def accepted(self) -> Answer | None:
        """Return what the platform expects to hear; None for a 2xx and the counts as JSON."""
        ...

    def check(self, settings: Any) -> None:
        """Raise ``ValueError`` that names the setting and says what it looks like."""
        ...

    def handshake(self, request: InboundRequest, settings: Any, now_us: int) -> Answer | None:
        """Answer a request that only asks whether somebody is there (echo, challenge, CRC).

        None when it is no such request. Raise ``RefusedError`` when it does not prove itself.
        """
        ...

    def verify(self, request: InboundRequest, settings: Any, now_us: int) -> InboundRequest:
        """Return the request as proved: decrypted, where the channel encrypts.

        Raise ``RefusedError`` unless one of the account's secrets proves it. Compares in constant
        time. Must not raise anything else, whatever the bytes.
        """
        ...

    def parse(self, request: InboundRequest) -> Sequence[IncomingEvent]:
        """Return what the proved request tells, the oldest first.

        Raise ``InvalidRequestError`` for what is not the channel's contract. A type of event that
        is not known is no error: it becomes an ``UnrecognisedEvent``. One bad entry of many does
        not take the others with it. Must not raise anything else, whatever the bytes.
        """
        ...
