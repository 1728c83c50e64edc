"""What a check says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

_SECONDS = 60.0


class Outcome(Enum):
    PASSED = "✓"
    FAILED = "✗"
    # The tool is not on this machine; hosted CI has it.
    SKIPPED = "–"


@dataclass(frozen=True, slots=True)
class Result:
    subject: str
    outcome: Outcome
    detail: str

    def __str__(self) -> str:
        return f"{self.outcome.value} {self.subject:<16} {self.detail}"


Check = Callable[[], Result]


def judged(subject: str, problems: list[str], fine: str) -> Result:
    """Fail with every problem on a line of its own; pass with ``fine`` when there is none."""
    if problems:
        return Result(subject, Outcome.FAILED, "\n    ".join(problems))
    return Result(subject, Outcome.PASSED, fine)


def complaints(*argv: str) -> list[str]:
    """Run a tool in the repository; return what it says when it fails."""
    outcome = subprocess.run(  # noqa: S603  no shell; the arguments are the checks' own
        argv,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if outcome.returncode == 0:
        return []
    said = [line for line in (outcome.stdout + outcome.stderr).splitlines() if line.strip()]
    return said or [f"{argv[0]} ended with {outcome.returncode} and said nothing"]
