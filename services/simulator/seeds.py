"""Python's own generators as the model's sources of chance, one for each name."""

from __future__ import annotations

from random import Random

from services.simulator.domain.draws import Chance, Seeded


def seeded_by(seed: int) -> Seeded:
    """Return what gives, for the same seed and name, the same sequence in every process."""

    def source(name: str) -> Chance:
        # Reproducible chance, not secrets. A text is hashed by SHA-512, not by Python's own hash.
        return Random(f"{seed}/{name}")  # noqa: S311

    return source
