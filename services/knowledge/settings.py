"""What the knowledge service reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """``CARELINE_…`` variables."""

    # URL, for example http://127.0.0.1:9200.
    elasticsearch: str
    grpc_port: int
    metrics_port: int
    elasticsearch_api_key: str = ""
    elasticsearch_ca_certs: str = ""
    # Of the articles' index, at its creation.
    index_shards: int = 1
    bind: str = "127.0.0.1"
    log_level: str = "INFO"
