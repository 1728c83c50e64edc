from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from services.gateway.adapters.cursor_folder import CursorFolder, CursorFolderError


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], CursorFolder]:
    def build() -> CursorFolder:
        cursors = CursorFolder(tmp_path / "cursors")
        cursors.open()
        return cursors

    return build


async def test_a_cursor_survives_a_restart(opened: Callable[[], CursorFolder]) -> None:
    cursors = opened()
    assert cursors.read("feed/acme/main", "last") == ""
    await cursors.keep("feed/acme/main", "last", "41")
    await cursors.keep("feed/acme/main", "last", "42 ü")
    await cursors.keep("feed/acme/main", "etag", '"x"')
    again = opened()
    assert again.read("feed/acme/main", "last") == "42 ü"
    assert again.read("feed/acme/main", "etag") == '"x"'
    assert again.read("feed/acme/other", "last") == ""


async def test_what_a_crash_left_half_written_is_passed_over(
    opened: Callable[[], CursorFolder], tmp_path: Path
) -> None:
    await opened().keep("a", "b", "c")
    (tmp_path / "cursors" / "abc.part").write_bytes(b'{"sco')
    assert opened().read("a", "b") == "c"


def test_a_spoiled_cursor_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "spoiled.json").write_bytes(b"[]")
    with pytest.raises(CursorFolderError, match="remove it"):
        CursorFolder(tmp_path).open()


def test_a_folder_that_cannot_be_is_told_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CursorFolderError, match="CARELINE_CURSOR_DIR"):
        CursorFolder(tmp_path / "file").open()
