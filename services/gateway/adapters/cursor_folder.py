"""How far each source has read, as small files that survive the machine's end."""

from __future__ import annotations

import asyncio
import json
import os
from hashlib import sha256
from pathlib import Path


class CursorFolderError(Exception):
    """The folder cannot be used; the message names the place and the remedy."""


class CursorFolder:
    """Implements ``CursorStore``. One process owns the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], str] = {}
        self._writing = asyncio.Lock()

    def open(self) -> None:
        """Read what was kept. Raise ``CursorFolderError``."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in sorted(self._folder.glob("*.json")):
                kept = json.loads(path.read_bytes())
                self._known[kept["scope"], kept["name"]] = kept["value"]
        except OSError as error:
            raise CursorFolderError(
                f"the folder of cursors {self._folder} cannot be used ({error.strerror}); "
                "set CARELINE_CURSOR_DIR to one that can be written"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CursorFolderError(
                f"{path}: is no cursor ({error}); remove it, and its source reads again from "
                "where the platform begins"
            ) from error

    def read(self, scope: str, name: str) -> str:
        return self._known.get((scope, name), "")

    async def keep(self, scope: str, name: str, value: str) -> None:
        async with self._writing:
            if self.read(scope, name) == value:
                return
            await asyncio.to_thread(self._write, scope, name, value)
            self._known[scope, name] = value

    def _write(self, scope: str, name: str, value: str) -> None:
        digest = sha256(json.dumps([scope, name]).encode()).hexdigest()
        path = self._folder / f"{digest}.json"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(json.dumps({"scope": scope, "name": name, "value": value}).encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
