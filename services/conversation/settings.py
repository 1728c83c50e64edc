"""What the conversation lane reads from the environment beside what every lane reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.conversation.domain.acknowledging import LATEST_US, AcknowledgingPolicy
from services.kernel.lane_service import LaneServiceSettings
from services.kernel.settings import SettingsError

_SECOND_US: Final = 1_000_000
_CHANNEL: Final = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Settings(LaneServiceSettings):
    """``CARELINE_…`` variables; see :class:`LaneServiceSettings`.

    Those below decide, so they are part of the lane's decision version.
    """

    # How long a solved conversation can reopen.
    reopen_window_seconds: int = 7 * 24 * 3600
    # After how long without an answer a customer is told that the message has arrived; 0 for never.
    acknowledge_after_seconds: int = 0
    # Comma separated.
    acknowledge_channels: str = ""
    # A YAML file of texts by language; empty for the built-in ones.
    acknowledge_texts: str = ""

    def __post_init__(self) -> None:
        if self.reopen_window_seconds <= 0:
            raise SettingsError(
                f"CARELINE_REOPEN_WINDOW_SECONDS={self.reopen_window_seconds} must be positive"
            )
        after, latest = self.acknowledge_after_seconds, LATEST_US // _SECOND_US
        if not 0 <= after <= latest:
            raise SettingsError(
                f"CARELINE_ACKNOWLEDGE_AFTER_SECONDS={after} must be 0 (never) to {latest}: "
                "nobody is acknowledged later than that"
            )
        channels = self._channels()
        for channel in channels:
            if not _CHANNEL.fullmatch(channel):
                raise SettingsError(
                    f"CARELINE_ACKNOWLEDGE_CHANNELS={self.acknowledge_channels!r}: {channel!r} is "
                    'no channel; name them as the accounts file does, as in "mail,telegram"'
                )
        if after and not channels:
            raise SettingsError(
                f"CARELINE_ACKNOWLEDGE_AFTER_SECONDS={after}, but CARELINE_ACKNOWLEDGE_CHANNELS "
                'names no channel; name those to acknowledge on, as in "mail,telegram", or set 0'
            )

    @property
    def acknowledging(self) -> AcknowledgingPolicy:
        after_us = self.acknowledge_after_seconds * _SECOND_US
        return AcknowledgingPolicy(after_us, self._channels())

    def _channels(self) -> tuple[str, ...]:
        names = [name.strip() for name in self.acknowledge_channels.split(",")]
        return tuple(sorted({name for name in names if name}))
