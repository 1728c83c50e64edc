"""Where fetched artifacts are kept, and a lock for whoever fills it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CACHE_VARIABLE = "CARELINE_CACHE"


def cache_dir(environ: Mapping[str, str] | None = None, *, root: bool | None = None) -> Path:
    """Return the cache folder.

    For root it is a folder that other accounts can enter: Elasticsearch runs as one of them.
    """
    environ = os.environ if environ is None else environ
    root = os.geteuid() == 0 if root is None else root
    if environ.get(CACHE_VARIABLE):
        return Path(environ[CACHE_VARIABLE]).expanduser().resolve()
    if root:
        return Path("/var/cache/careline")
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "careline"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder alone: two test sessions must not fetch the same file at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
