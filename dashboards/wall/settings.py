"""What the wall reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """``CARELINE_…`` variables; ``kpi_address`` is the kpi service's gRPC host:port."""

    kpi_address: str
    http_port: int
    metrics_port: int
    bind: str = "127.0.0.1"
    log_level: str = "INFO"
    # The tenant whose figures are shown; empty = all of them.
    organisation: str = ""
    # For a page whose address names no language, and for the times on every page (IANA name).
    language: str = "en"
    timezone: str = "UTC"
