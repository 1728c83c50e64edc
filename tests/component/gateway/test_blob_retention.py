from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.gateway.adapters.blob_folder import BlobFolder
from services.gateway.adapters.blob_retention import BlobRetention
from services.kernel.testing.clock import ManualClock

DAY_S = 24 * 3600
NOW_S = 1_767_225_600


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def age(folder: Path, days: int) -> None:
    for path in files(folder):
        os.utime(path, (NOW_S - days * DAY_S,) * 2)


def retention(folder: Path, days: int) -> BlobRetention:
    return BlobRetention(folder, days, ManualClock(NOW_S * 1_000_000))


async def test_what_is_older_than_its_time_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    blobs = BlobFolder(tmp_path)
    old = await blobs.put(b"old")
    age(tmp_path, 31)
    fresh = await blobs.put(b"fresh")
    assert retention(tmp_path, 30).remove_old() == 1
    with pytest.raises(KeyError):
        await blobs.get(old)
    assert await blobs.get(fresh) == b"fresh"


async def test_what_is_sent_again_is_kept_from_then_on(tmp_path: Path) -> None:
    blobs = BlobFolder(tmp_path)
    reference = await blobs.put(b"picture")
    age(tmp_path, 31)
    assert await blobs.put(b"picture") == reference
    assert retention(tmp_path, 30).remove_old() == 0
    assert await blobs.get(reference) == b"picture"


async def test_what_a_process_left_half_written_goes_as_well(tmp_path: Path) -> None:
    await BlobFolder(tmp_path).put(b"picture")
    half = files(tmp_path)[0].with_suffix(".part")
    half.write_bytes(b"pict")
    age(tmp_path, 31)
    assert retention(tmp_path, 30).remove_old() == 2


def test_a_folder_that_is_not_there_yet_is_no_trouble(tmp_path: Path) -> None:
    assert retention(tmp_path / "blobs", 30).remove_old() == 0
