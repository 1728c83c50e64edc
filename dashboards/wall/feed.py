"""The port through which figures reach the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dashboards.wall.figures import Figures
from dashboards.wall.view import View


@dataclass(frozen=True, slots=True)
class State:
    """
    What is known about a view.

    ``watermark_us`` is how far the live timeline has come (0 = not begun). ``contact_us`` is the
    instant of the last word from the kpi service (None = none yet): a feed that heard nothing is
    as old as its last contact, whatever it had heard by then.
    """

    figures: Figures | None = None
    watermark_us: int = 0
    contact_us: int | None = None


class Feed(Protocol):
    def read(self, view: View) -> State:
        """Return what is known now; called from any thread, and quick but for a new view."""
        ...
