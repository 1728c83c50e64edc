"""What most channels have in common: nothing to shake hands about, a bare 2xx, platforms' rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.gateway.domain.inbound import Answer, InboundRequest


@dataclass(frozen=True, slots=True)
class SecretSettings:
    """Settings of a channel that needs nothing but the secrets that prove its requests."""

    secrets: tuple[str, ...] = field(default=(), repr=False)


class PlatformChannel:
    """Defaults for a channel whose sender is somebody else's platform."""

    settings: type[Any] = SecretSettings
    strict = False
    accepted: Answer | None = None

    def check(self, settings: Any) -> None:
        _ = settings

    def handshake(self, request: InboundRequest, settings: Any, now_us: int) -> Answer | None:
        _ = request, settings, now_us
        return None
