"""All senders, one a channel that can be answered."""

from __future__ import annotations

from services.gateway.senders.sender import Sender

SENDERS: tuple[Sender, ...] = ()
