"""Conversation reads what every lane reads, and how long a solved conversation can reopen."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.lane_service import LaneServiceSettings
from services.kernel.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`.

    ``reopen_window_seconds`` decides, so it is part of the lane's decision version.
    """

    reopen_window_seconds: int = 7 * 24 * 3600

    def __post_init__(self) -> None:
        if self.reopen_window_seconds <= 0:
            raise SettingsError(
                f"CARELINE_REOPEN_WINDOW_SECONDS={self.reopen_window_seconds} must be positive"
            )
