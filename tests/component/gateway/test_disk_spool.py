from __future__ import annotations

from pathlib import Path

import pytest

from services.gateway.adapters.disk_spool import DiskSpool, SpoolError
from services.gateway.domain.framing import SegmentIdentity
from services.gateway.ports import SpoolFullError

IDENTITY = SegmentIdentity(1, 4)


def opened(folder: Path, *, max_bytes: int = 1_000_000, segment_bytes: int = 200) -> DiskSpool:
    spool = DiskSpool(folder, max_bytes, IDENTITY, segment_bytes)
    spool.open()
    return spool


def drained(spool: DiskSpool) -> list[bytes]:
    found: list[bytes] = []
    while (segment := spool.oldest()) is not None:
        found += segment.records
        spool.remove(segment)
    return found


def test_records_come_back_in_their_order_over_many_segments(tmp_path: Path) -> None:
    records = [bytes([n]) * 50 for n in range(20)]
    spool = opened(tmp_path)
    for record in records:
        spool.append(record)
    assert len(list(tmp_path.glob("*.spool"))) > 3
    assert spool.size_bytes == sum(one.stat().st_size for one in tmp_path.glob("*.spool"))
    assert drained(spool) == records
    assert spool.size_bytes == 0
    spool.close()


def test_another_process_finds_what_was_left_and_appends_behind_it(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.append(b"a")
    first.close()
    second = opened(tmp_path)
    second.append(b"b")
    assert drained(second) == [b"a", b"b"]
    second.close()


def test_what_is_being_published_is_not_appended_to(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.append(b"a")
    segment = spool.oldest()
    assert segment is not None
    spool.append(b"b")
    assert list(segment.records) == [b"a"]
    spool.remove(segment)
    assert drained(spool) == [b"b"]
    spool.close()


def test_a_folder_belongs_to_one_gateway(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(SpoolError, match="another running gateway"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


def test_the_bound_holds_over_restarts(tmp_path: Path) -> None:
    first = opened(tmp_path, max_bytes=300)
    first.append(bytes(200))
    first.close()
    second = opened(tmp_path, max_bytes=300)
    with pytest.raises(SpoolFullError):
        second.append(bytes(200))
    second.close()


def test_damaged_events_stop_the_start_with_the_files_name(tmp_path: Path) -> None:
    spool = opened(tmp_path, segment_bytes=10_000)
    spool.append(b"first")
    spool.append(b"second")
    spool.close()
    [path] = tmp_path.glob("*.spool")
    data = bytearray(path.read_bytes())
    data[data.index(b"first")] ^= 1
    path.write_bytes(data)
    with pytest.raises(SpoolError, match=rf"{path.name}.*restore the file, or move it"):
        opened(tmp_path)


def test_events_of_another_partition_count_stop_the_start(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.append(b"a")
    spool.close()
    other = DiskSpool(tmp_path, 1_000, SegmentIdentity(2, 8))
    with pytest.raises(SpoolError, match="the topic is now"):
        other.open()
    other.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpoolError, match="CARELINE_SPOOL_DIR"):
        opened(tmp_path / "file")


def test_what_people_wrote_is_readable_by_the_gateway_alone(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool.append(b"a")
    [path] = (tmp_path / "spool").glob("*.spool")
    assert path.stat().st_mode & 0o077 == 0
    spool.close()
