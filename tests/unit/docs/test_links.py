"""What a page points at is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

_ELSEWHERE = re.compile(r"[a-z]+:")
_PATH = re.compile(r"(?:services|proto|deploy|dashboards|docs|tests)/[\w./-]+")


class Page(Protocol):
    path: Path
    links: list[str]
    spans: list[str]
    anchors: set[str]


def test_every_relative_link_leads_somewhere(pages: dict[str, Page]) -> None:
    broken = [
        f"{name}: {link}"
        for name, page in pages.items()
        for link in page.links
        if not _ELSEWHERE.match(link) and not (page.path.parent / link.partition("#")[0]).exists()
    ]
    assert broken == []


def test_every_anchor_is_a_heading_of_its_page(pages: dict[str, Page], repository: Path) -> None:
    broken = []
    for name, page in pages.items():
        for link in page.links:
            to, _, anchor = link.partition("#")
            if not anchor or _ELSEWHERE.match(link):
                continue
            target = (page.path.parent / to).resolve() if to else page.path
            if anchor not in pages[target.relative_to(repository).as_posix()].anchors:
                broken.append(f"{name}: {link}")
    assert broken == []


def test_every_path_in_backticks_exists(pages: dict[str, Page], repository: Path) -> None:
    missing = [
        f"{name}: {span}"
        for name, page in pages.items()
        for span in page.spans
        if _PATH.fullmatch(span) and not (repository / span).exists()
    ]
    assert missing == []


def test_every_page_can_be_reached_from_the_front_page(
    pages: dict[str, Page], repository: Path
) -> None:
    reached: set[Path] = set()
    ahead = [repository / "README.md"]
    while ahead:
        path = ahead.pop()
        if path in reached:
            continue
        reached.add(path)
        if path.is_dir():
            # A folder's page lists what is in it.
            ahead += path.glob("*.md")
        elif path.suffix == ".md" and path.relative_to(repository).as_posix() in pages:
            page = pages[path.relative_to(repository).as_posix()]
            ahead += [
                (path.parent / link.partition("#")[0]).resolve()
                for link in page.links
                if not link.startswith("#") and not _ELSEWHERE.match(link)
            ]
    assert [name for name, page in pages.items() if page.path not in reached] == []
