"""What the gateway needs for the bytes that do not travel along the lanes."""

from __future__ import annotations

from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes under the digest of what they are: the same bytes are kept once."""

    async def put(self, content: bytes) -> str:
        """Return the reference ("blob:<sha256>") once the bytes survive the machine's end."""
        ...

    async def get(self, reference: str) -> bytes:
        """Return the bytes. Raise ``KeyError`` for a reference that nothing is kept under."""
        ...

    async def erase(self, reference: str) -> None:
        """Forget the bytes; nothing happens when there are none."""
        ...
