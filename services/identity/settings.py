"""What identity reads from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane_service import LaneServiceSettings


@dataclass(frozen=True, slots=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`."""

    # The resolver's: where phone numbers without a country code are from (ISO 3166, such as CN).
    # Empty: only numbers in the international form join customers.
    phone_region: str = ""
