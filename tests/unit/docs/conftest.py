"""The pages as tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(REPOSITORY).as_posix()

    @cached_property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return _FENCE.sub("", self.text)

    @cached_property
    def links(self) -> list[str]:
        return _LINK.findall(_SPAN.sub("", self.prose))

    @cached_property
    def spans(self) -> list[str]:
        """What stands in backticks within a line."""
        return _SPAN.findall(self.prose)

    @cached_property
    def code(self) -> list[str]:
        """Every line of code: of blocks, and what stands in backticks."""
        blocks = [line.strip() for block in _FENCE.findall(self.text) for line in block.split("\n")]
        return [*blocks, *self.spans]

    @cached_property
    def anchors(self) -> set[str]:
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    def tables(self) -> Iterator[list[list[str]]]:
        """Yield each table's rows of cells, without head and rule."""
        rows: list[list[str]] = []
        for line in [*self.text.split("\n"), ""]:
            if line.startswith("|"):
                rows.append([cell.strip() for cell in line.strip("|").split("|")])
            elif rows:
                yield rows[2:]
                rows = []


def _anchor(heading: str) -> str:
    """Name a heading as the pages' host does."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def read_page(path: Path) -> Page:
    return Page(path, path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def pages() -> dict[str, Page]:
    """The front pages and all of ``docs``, by path."""
    paths = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]
    found = [read_page(path) for path in sorted(paths)]
    return {page.name: page for page in found}
