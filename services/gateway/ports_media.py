"""What the gateway needs for the bytes that do not travel along the lanes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes under the digest of what they are: the same bytes are kept once."""

    async def put(self, content: bytes) -> str:
        """Return the reference ("blob:<sha256>") once the bytes survive the machine's end.

        Raise ``UnavailableError`` when that cannot be promised now.
        """
        ...

    async def get(self, reference: str) -> bytes:
        """Return the bytes. Raise ``KeyError`` for a reference that nothing is kept under."""
        ...

    async def erase(self, reference: str) -> None:
        """Forget the bytes; nothing happens when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Media:
    """``media_type``: what the bytes are, whatever the name said."""

    content: bytes
    media_type: str


class MediaRefusedError(Exception):
    """A rule of the account, or of the fetcher, forbids it: trying again does not help."""


class MediaFetcher(Protocol):
    """Fetches what a message points to, from hosts that are allowed."""

    async def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Media:
        """Fetch within the limits of size, time, host and type.

        ``headers`` go to the address's own host only. Raise ``MediaRefusedError``, or
        ``ConnectionError`` when there is no answer, or none that tells (429, 5xx).
        """
        ...


class CursorStore(Protocol):
    """Keeps how far each account's source has read."""

    def read(self, scope: str, name: str) -> str:
        """Return what was kept under this name, or ""."""
        ...

    async def keep(self, scope: str, name: str, value: str) -> None:
        """Return once it survives the machine's end."""
        ...
