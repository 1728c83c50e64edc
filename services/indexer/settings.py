"""What the indexer reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane_service import LaneServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`."""

    # URL, for example http://127.0.0.1:9200.
    elasticsearch: str
    elasticsearch_api_key: str = ""
    elasticsearch_ca_certs: str = ""
    # Of an index at its creation; a rebuild takes up a new number.
    index_shards: int = 1
