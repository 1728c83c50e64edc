"""Channels that nobody pushes to: their source fetches, and ``parse`` reads what it fetched."""

from __future__ import annotations

from typing import Any

from services.gateway.domain.inbound import InboundRequest, RefusedError


def check_poll_seconds(seconds: int) -> None:
    """Raise ``ValueError`` for a pause that no platform would stand."""
    if seconds < 1:
        raise ValueError(f"poll_seconds is {seconds}; at least 1 second lies between two polls")


class PulledChannel:
    path = ""

    def verify(self, request: InboundRequest, settings: Any, now_us: int) -> InboundRequest:
        _ = request, settings, now_us
        raise RefusedError("nothing is pushed on this channel: the gateway fetches it itself")
