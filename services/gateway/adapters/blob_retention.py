"""Forgets blobs when their time is over: payloads as they came, attachments, large texts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import structlog

from services.kernel.clock import Clock

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 3600.0
_DAY_SECONDS = 24 * 3600


class BlobRetention:
    """Several processes may tend the same folder. ``days``: since a blob was kept last."""

    def __init__(self, folder: Path, days: int, clock: Clock) -> None:
        self._folder = folder
        self._days = days
        self._clock = clock

    async def run(self) -> None:
        """Look once an hour until cancelled; with 0 days blobs are kept for ever."""
        if self._days <= 0:
            await asyncio.Event().wait()
        while True:
            try:
                removed = await asyncio.to_thread(self.remove_old)
            except OSError as error:
                log.warning("old blobs cannot be removed", reason=error.strerror)
            else:
                if removed:
                    log.info("old blobs removed", count=removed, days=self._days)
            await asyncio.sleep(_EVERY_SECONDS)

    def remove_old(self) -> int:
        """Remove what was kept last before the retention time; return how many. Blocks."""
        oldest = self._clock.now_us() / 1_000_000 - self._days * _DAY_SECONDS
        removed = 0
        for entry in self._files():
            try:
                if entry.stat().st_mtime < oldest:
                    Path(entry.path).unlink()
                    removed += 1
            except FileNotFoundError:
                # Another process tends the folder as well.
                continue
        return removed

    def _files(self) -> Iterator[os.DirEntry[str]]:
        if not self._folder.is_dir():
            return
        for folder in sorted(self._folder.iterdir()):
            if folder.is_dir():
                with os.scandir(folder) as entries:
                    yield from (entry for entry in entries if entry.is_file())
