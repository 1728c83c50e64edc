"""What a replay's run brought to a partition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RunCounts:
    """Events since the timeline's last start: new ones, and those that were there already."""

    accepted: int = 0
    duplicates: int = 0
