"""What a page tells to type can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import typer

from services.cli.__main__ import COMMANDS, app

_CARELINE = re.compile(r"(?:uv run )?careline (?=[a-z])")
_MAKE = re.compile(r"make ([a-z][a-z-]*)")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_RECIPE = re.compile(r"\$\(RUN\) careline (.+)$", re.MULTILINE)


class Page(Protocol):
    code: list[str]
    spans: list[str]


@pytest.fixture(scope="module")
def careline() -> Any:
    return typer.main.get_command(app)


@pytest.fixture(scope="module")
def makefile(repository: Path) -> str:
    return (repository / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported_and_says_what_it_does(name: str, careline: Any) -> None:
    command = careline.get_command(None, name)
    assert command.help
    for each in _leaves(command):
        assert each.help, f"{name} {each.name} says nothing of itself"


def test_every_command_that_a_page_names_exists_with_its_options(
    pages: dict[str, Page], careline: Any
) -> None:
    wrong = [
        f"{name}: {line}: {problem}"
        for name, page in pages.items()
        for line in page.code
        if (match := _CARELINE.match(line))
        for problem in _problems(careline, shlex.split(line[match.end() :], comments=True))
    ]
    assert wrong == []


def test_every_command_that_the_makefile_runs_exists(makefile: str, careline: Any) -> None:
    lines = _RECIPE.findall(makefile)
    assert lines
    assert [p for line in lines for p in _problems(careline, shlex.split(line))] == []


def test_every_option_that_stands_alone_belongs_to_a_command(
    pages: dict[str, Page], careline: Any
) -> None:
    known = {"--help", *(o for leaf in _leaves(careline) for o in _options(leaf))}
    named = [
        (name, span) for name, page in pages.items() for span in page.spans if span[:2] == "--"
    ]
    assert [(name, span) for name, span in named if span.split()[0] not in known] == []


def test_every_make_target_that_a_page_names_exists(pages: dict[str, Page], makefile: str) -> None:
    targets = set(_TARGET.findall(makefile))
    named = {
        (name, match[1])
        for name, page in pages.items()
        for line in page.code
        if (match := _MAKE.match(line))
    }
    assert named
    assert {(name, target) for name, target in named if target not in targets} == set()


def _problems(command: Any, words: list[str]) -> Iterator[str]:
    """Yield what a command does not take; words in capitals stand for values."""
    words = list(words)
    while _is_group(command) and words:
        word = words.pop(0)
        command = command.get_command(None, word)
        if command is None:
            yield f"there is no command {word!r}"
            return
    options = _options(command)
    places = sum(not each.opts[0].startswith("-") for each in command.params)
    is_open_ended = any(each.nargs == -1 for each in command.params)
    given = 0
    while words:
        word, _, value = words.pop(0).partition("=")
        if not word.startswith("-"):
            given += 1
        elif word not in options and word != "--help":
            yield f"there is no option {word!r}"
        elif word in options and not options[word].is_flag and not value:
            if not words:
                yield f"{word!r} needs a value"
                return
            words.pop(0)
    if given > places and not is_open_ended:
        yield f"it takes {places} arguments, not {given}"


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _options(command: Any) -> dict[str, Any]:
    return {
        spelling: each
        for each in command.params
        for spelling in (*each.opts, *each.secondary_opts)
        if spelling.startswith("-")
    }


def _leaves(command: Any) -> Iterator[Any]:
    if not _is_group(command):
        yield command
        return
    for name in command.list_commands(None):
        yield from _leaves(command.get_command(None, name))
