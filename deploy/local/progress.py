"""How a start reports itself, so that a terminal can show it and a test can ignore it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told about each step by its name; ``detail`` may come from several threads."""

    def started(self, step: str) -> None: ...

    def detail(self, step: str, text: str) -> None: ...

    def finished(self, step: str, seconds: float) -> None: ...


class Quiet:
    """Says nothing."""

    def started(self, step: str) -> None:
        del step

    def detail(self, step: str, text: str) -> None:
        del step, text

    def finished(self, step: str, seconds: float) -> None:
        del step, seconds


@dataclass(frozen=True, slots=True)
class Plain:
    """One line for each finished step, for logs and terminals without colours."""

    out: TextIO

    def started(self, step: str) -> None:
        del step

    def detail(self, step: str, text: str) -> None:
        del step, text

    def finished(self, step: str, seconds: float) -> None:
        print(f"{step:<24} {seconds:6.1f} s", file=self.out, flush=True)


class Steps:
    """Measures steps, which may overlap: processes start side by side."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._begun: dict[str, float] = {}

    def begin(self, name: str) -> None:
        self._begun[name] = time.monotonic()
        self.progress.started(name)

    def end(self, name: str) -> None:
        self.progress.finished(name, time.monotonic() - self._begun.pop(name))

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Report a step around a block; yields what takes its details. A failure ends none."""
        self.begin(name)
        yield lambda text: self.progress.detail(name, text)
        self.end(name)
