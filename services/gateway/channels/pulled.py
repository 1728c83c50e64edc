"""Channels that nobody pushes to: their source fetches, and ``parse`` reads what it fetched."""

from __future__ import annotations

from typing import Any

from services.gateway.domain.inbound import InboundRequest, RefusedError


class PulledChannel:
    path = ""

    def verify(self, request: InboundRequest, settings: Any, now_us: int) -> InboundRequest:
        _ = request, settings, now_us
        raise RefusedError("nothing is pushed on this channel: the gateway fetches it itself")
