"""Plain data (dicts, lists, text, numbers) read with errors that name the place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class DataError(ValueError):
    """Data that cannot be used; the message names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value and where it stands, such as ``policies[2].targets.resolution``.

    The whole has an empty path, where the caller names it better.
    """

    value: object
    path: str

    def error(self, message: str) -> DataError:
        return DataError(f"{self.path}: {message}" if self.path else message)

    def members(self, *, required: Iterable[str], optional: Iterable[str]) -> dict[str, Place]:
        """Return the members of a mapping with known keys; a missing or unknown key is an error."""
        members = self.entries()
        required = tuple(required)
        for key in required:
            if key not in members:
                raise self.error(f"{key!r} is missing")
        known = (*required, *optional)
        for key in members:
            if key not in known:
                raise self.error(f"unknown key {key!r}; known are {', '.join(known)}")
        return members

    def entries(self) -> dict[str, Place]:
        """Return the members of a mapping with free keys; the keys become text."""
        if not isinstance(self.value, Mapping):
            raise self.error(f"expected a mapping, got {self._shown()}")
        within = f"{self.path}." if self.path else ""
        return {str(key): Place(value, f"{within}{key}") for key, value in self.value.items()}

    def items(self) -> list[Place]:
        if not isinstance(self.value, list | tuple):
            raise self.error(f"expected a list, got {self._shown()}")
        return [Place(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.error(f"expected text, got {self._shown()}; put it in quotes")
        return self.value

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def version(self) -> str:
        """Return a version: text, or a whole number as text."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        return self.text()

    def whole_number(self, lowest: int, highest: int) -> int:
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self.error(
                f"expected a whole number from {lowest} to {highest}, got {self._shown()}"
            )
        return value

    def _shown(self) -> str:
        return f"{type(self.value).__name__} {self.value!r}"
