"""What the gateway reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """``CARELINE_…`` variables."""

    kafka: str
    http_port: int
    grpc_port: int
    metrics_port: int
    # A folder of this process's own, on a disk that survives it.
    spool_dir: Path
    # Attachments and large payloads; shared by all gateways.
    blob_dir: Path
    # The secret of the party keys: the same for every gateway and every replay, for ever.
    party_key: str = field(repr=False)
    # The accounts file; without one only time is published, and every request is refused.
    accounts: str = ""
    spool_max_bytes: int = 256 * 1024 * 1024
    # How many accepted events are remembered to filter repeats.
    recent_events: int = 100_000
    bind: str = "127.0.0.1"
    log_level: str = "INFO"
