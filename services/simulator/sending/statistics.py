"""What was sent so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Statistics:
    """``late_seconds``: how far the sender is behind the timetable, just now."""

    accepted: int = 0
    duplicates: int = 0
    retries: int = 0
    by_channel: Counter[str] = field(default_factory=Counter)
    answer_seconds: float = 0.0
    late_seconds: float = 0.0

    @property
    def sent(self) -> int:
        return self.accepted + self.duplicates

    def as_dict(self) -> dict[str, Any]:
        mean = self.answer_seconds / self.sent if self.sent else 0.0
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "retries": self.retries,
            "mean_answer_ms": round(1_000 * mean, 1),
            "by_channel": dict(sorted(self.by_channel.items())),
        }
