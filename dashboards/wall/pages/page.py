"""What a page of the wall is: a name and the KPIs on it, in reading order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    kpis: tuple[str, ...]
