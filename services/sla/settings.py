"""Sla reads what every lane reads, and where the policies stand."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane_service import LaneServiceSettings


@dataclass(frozen=True, slots=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`.

    ``policies``: a YAML file of calendars and policies, such as
    ``services/sla/adapters/policies.example.yaml``; without one the built-in promises hold.
    """

    policies: str = ""
