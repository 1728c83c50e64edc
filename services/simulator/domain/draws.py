"""Chance, drawn from a source that somebody else has seeded.

Everything is derived from ``random()`` alone, the one method of Python's generators whose sequence
is promised never to change: the same seed gives the same day in every version of Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

Value = TypeVar("Value")

# Knuth's method takes time in proportion to the mean, and exp(-mean) must not vanish.
_LARGEST_POISSON_MEAN = 30.0


class Chance(Protocol):
    """``random.Random`` is one."""

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        ...


# Gives the same source for the same name; different names give independent ones.
Seeded: TypeAlias = Callable[[str], Chance]


class Draws:
    __slots__ = ("_random",)

    def __init__(self, chance: Chance) -> None:
        self._random = chance.random

    def happens(self, probability: float) -> bool:
        return self._random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random()

    def below(self, count: int) -> int:
        """Return a whole number from 0 to ``count - 1``."""
        return int(self._random() * count)

    def pick(self, options: Sequence[Value]) -> Value:
        return options[int(self._random() * len(options))]

    def weighted(self, options: Sequence[tuple[Value, float]]) -> Value:
        """Pick by weights, which need not sum to 1."""
        left = self._random() * sum(weight for _, weight in options)
        for value, weight in options:
            left -= weight
            if left < 0:
                return value
        return options[-1][0]

    def log_normal(self, median: float, sigma: float) -> float:
        """Return a delay: many near the median, a few far above it."""
        # Box and Muller; 1 - random() is never 0.
        radius = math.sqrt(-2.0 * math.log(1.0 - self._random()))
        return median * math.exp(sigma * radius * math.cos(2.0 * math.pi * self._random()))

    def poisson(self, mean: float) -> int:
        """Return how many independent things happen where ``mean`` are expected."""
        if mean > _LARGEST_POISSON_MEAN:
            return self.poisson(mean / 2) + self.poisson(mean / 2)
        limit = math.exp(-mean)
        count = 0
        product = self._random()
        while product > limit:
            count += 1
            product *= self._random()
        return count


def listed(words: str) -> Sequence[str]:
    """Return the words of a text that lists them."""
    return tuple(words.split())
