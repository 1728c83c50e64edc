"""When what happens in the model happens for us."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timetable:
    """Model time from ``model_from_us`` on passes from ``from_us`` on, ``speed`` times as fast.

    At infinite speed nothing waits, and everything keeps the model's own time.
    """

    model_from_us: int
    from_us: int
    speed: float

    @property
    def waits(self) -> bool:
        return not math.isinf(self.speed)

    def at_us(self, model_at_us: int) -> int:
        """Return when something of the model happens, in microseconds since the epoch."""
        if not self.waits:
            return model_at_us
        return self.from_us + int((model_at_us - self.model_from_us) / self.speed)
