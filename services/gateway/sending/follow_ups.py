"""What the lane tells the dispatcher once it is durable."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.domain.delivery import OpenReply


@dataclass(frozen=True, slots=True)
class Waiting:
    """It wants to be attempted, when its turn and its time come."""

    key: str
    reply: OpenReply


@dataclass(frozen=True, slots=True)
class Written:
    """Its attempt is written down: now the platform may be called, once."""

    key: str
    reply: OpenReply


@dataclass(frozen=True, slots=True)
class Ended:
    key: str
