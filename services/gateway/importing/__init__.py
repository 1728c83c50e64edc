"""Feeds a recorded file into the head of the lanes, and waits until its effects can be read."""

from __future__ import annotations

from services.gateway.importing.errors import ImportFailedError
from services.gateway.importing.importing import ImportResult, ImportTargets, import_file
from services.gateway.importing.progress import ImportProgress, ProgressCallback

__all__ = [
    "ImportFailedError",
    "ImportProgress",
    "ImportResult",
    "ImportTargets",
    "ProgressCallback",
    "import_file",
]
