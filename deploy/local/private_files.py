"""Files of the run folder that nobody else may read: made at their first use, kept for ever."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def private_file(path: Path, content: Callable[[], str]) -> Path:
    """Make the file, whole and with mode 0600, unless it is there; return its path."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content())
        partial.replace(path)
    return path
