"""All sources."""

from __future__ import annotations

from services.gateway.sources.source import Source

SOURCES: tuple[Source, ...] = ()
