"""What insight needs from outside."""

from __future__ import annotations

from typing import Protocol

from services.insight.domain.sentiment import Lexicon


class LexiconSource(Protocol):
    def load(self) -> Lexicon:
        """Return the lexicon; its version is part of the lane's decision version."""
        ...
