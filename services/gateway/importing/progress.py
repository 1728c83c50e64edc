"""How far an import is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Step: TypeAlias = Literal["read", "sort", "publish", "wait"]


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """``done`` of ``total``: rows, or partitions while waiting; a total of None is not known."""

    step: Step
    done: int
    total: int | None
    detail: str = ""


ProgressCallback: TypeAlias = Callable[[ImportProgress], None]
