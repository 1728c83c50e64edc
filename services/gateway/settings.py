"""What the gateway reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from services.kernel.lane_service import LaneServiceSettings


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
    # How far sources have read; of this process's own, on a disk that survives it.
    state_dir: Path
    # The secret of the party keys: the same for every gateway and every replay, for ever.
    party_key: str = field(repr=False)
    # The accounts file; without one only time is published, and every request is refused.
    accounts: str = ""
    # Hosts that media is fetched from besides the platforms' own: "cdn.example.com,*.example.org".
    media_hosts: str = ""
    # Whether mailboxes, reviews and feeds are read here: of several gateways by one.
    sources: bool = True
    # So long payloads and attachments are kept, since they were sent last; 0 is for ever.
    blob_retention_days: int = 90
    spool_max_bytes: int = 256 * 1024 * 1024
    # How many accepted events are remembered to filter repeats.
    recent_events: int = 100_000
    bind: str = "127.0.0.1"
    log_level: str = "INFO"


@dataclass(frozen=True, slots=True)
class SendSettings(LaneServiceSettings):
    """The sender's ``CARELINE_…`` variables; see :class:`LaneServiceSettings`."""

    # Attachments; shared by all gateways.
    blob_dir: Path = Path("blobs")
    # The accounts file; without one every reply is refused.
    accounts: str = ""
    # Calls of one account at the same time; what is slow there never holds up another account.
    calls_per_account: int = 4
    # What is not answered for so long has an unknown outcome.
    call_seconds: float = 30.0
    # A reply that the platform did not take for so long is given up.
    give_up_seconds: int = 6 * 3600
