"""What identity needs from outside."""

from __future__ import annotations

from typing import Protocol


class PhoneNumbers(Protocol):
    @property
    def version(self) -> str:
        """Name the rules that read numbers: part of the resolver's decision version."""
        ...

    def e164(self, text: str) -> str | None:
        """Return the number in E.164, or None when the text is no valid phone number."""
        ...
