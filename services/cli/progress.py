"""Progress of long work, by Rich on a terminal and as plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.cli.output import console


class Steps:
    """Shows named steps side by side; satisfies :class:`deploy.local.progress.Progress`."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<24}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def started(self, step: str) -> None:
        self._tasks[step] = self._progress.add_task(step, total=1, detail="")

    def detail(self, step: str, text: str) -> None:
        if step in self._tasks:
            self._progress.update(self._tasks[step], detail=text)  # type: ignore[arg-type]

    def finished(self, step: str, seconds: float) -> None:
        if console.is_terminal:
            self._progress.update(self._tasks[step], completed=1, detail="")  # type: ignore[arg-type]
        else:
            sys.stderr.write(f"{step:<24} {seconds:6.1f} s\n")
            sys.stderr.flush()


def counting_bar() -> Progress:
    """Return a bar for work whose size is known."""
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.completed:>9,.0f} of {task.total:,.0f}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        console=console,
        disable=not console.is_terminal,
    )
