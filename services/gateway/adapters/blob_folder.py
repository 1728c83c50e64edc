"""Blobs as files of a folder, each named by the digest of what it holds."""

from __future__ import annotations

import asyncio
import os
import re
from hashlib import sha256
from pathlib import Path

import structlog

from services.gateway.ports import UnavailableError

log = structlog.get_logger(__name__)

_PREFIX = "blob:"
_REFERENCE = re.compile(r"blob:([0-9a-f]{64})")


class BlobFolder:
    """Implements ``BlobStore``. Several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes) -> str:
        try:
            return await asyncio.to_thread(self._put, content)
        except OSError as error:
            log.exception("the folder of blobs cannot be written", folder=str(self._folder))
            raise UnavailableError(f"the blobs' disk does not answer: {error.strerror}") from error

    async def get(self, reference: str) -> bytes:
        return await asyncio.to_thread(self._get, reference)

    async def erase(self, reference: str) -> None:
        await asyncio.to_thread(self._erase, reference)

    def _put(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        path = self._path(digest)
        while not _touched(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Named after the process and the thread's own file, so that nobody shares a half.
            part = path.with_name(f"{digest}.{os.getpid()}.{id(content)}.part")
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        # Also where it was there: whoever wrote it may have ended before this.
        _sync_folder(path.parent)
        _sync_folder(self._folder)
        return _PREFIX + digest

    def _get(self, reference: str) -> bytes:
        try:
            return self._path(_digest(reference)).read_bytes()
        except FileNotFoundError:
            raise KeyError(reference) from None

    def _erase(self, reference: str) -> None:
        path = self._path(_digest(reference))
        try:
            path.unlink()
        except FileNotFoundError:
            return
        # What was erased stays so after the machine's end.
        _sync_folder(path.parent)

    def _path(self, digest: str) -> Path:
        # Two levels: a folder of a million files is slow to list.
        return self._folder / digest[:2] / digest


def _digest(reference: str) -> str:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise KeyError(reference)
    return found[1]


def _touched(path: Path) -> bool:
    """Let a blob's retention begin anew; False when there is none."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Force a folder to disk: without it a new name may not survive the machine's end."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
