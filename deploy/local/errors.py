"""What can go wrong while the local stack starts; each message names the place and the remedy."""

from __future__ import annotations

from collections.abc import Sequence


class LocalStackError(Exception):
    """The local stack cannot do what was asked; the message says why and what to do."""


class JdkNotFoundError(LocalStackError):
    """No suitable JDK on this machine."""


class ArtifactError(LocalStackError):
    """An artifact could not be fetched, or is not the pinned one."""


class PortTakenError(LocalStackError):
    """A port that the stack needs belongs to another program."""


class AlreadyRunningError(LocalStackError):
    """Another process runs a stack from the same run directory."""


class StartError(LocalStackError):
    """A process died or did not become healthy in time; carries the end of its log."""

    def __init__(self, reason: str, log: str, last_lines: Sequence[str]) -> None:
        self.reason = reason
        self.log = log
        self.last_lines = tuple(last_lines)
        shown = "".join(f"\n    {line}" for line in last_lines) or "\n    (the log is empty)"
        super().__init__(f"{reason}\n  the end of {log}:{shown}")
