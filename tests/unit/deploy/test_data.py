from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from deploy.local.account import Account
from deploy.local.data import elasticsearch_folder, wipe
from deploy.local.errors import AlreadyRunningError
from deploy.local.pids import identify
from deploy.local.ports import Ports
from deploy.local.record import VERSION, StackRecord, write_record
from deploy.local.services import Addresses

STRANGER = Account("stranger", 65534, 65534)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_the_data_is_in_the_run_folder_where_the_account_may_go(closed: Path) -> None:
    assert elasticsearch_folder(closed, Path("/cache"), None) == closed / "elasticsearch"


def test_the_data_is_in_the_cache_when_the_account_cannot_enter_the_run_folder(
    closed: Path, tmp_path: Path
) -> None:
    outside = elasticsearch_folder(closed, tmp_path / "cache", STRANGER)

    assert outside.is_relative_to(tmp_path / "cache" / "runs")
    assert (closed / "elasticsearch").resolve() == outside
    assert elasticsearch_folder(closed, tmp_path / "cache", STRANGER) == outside


def test_the_next_start_finds_the_data_in_the_cache_too(closed: Path, tmp_path: Path) -> None:
    class Outsider(Account):
        """May go anywhere but into the run folder."""

        def _can_enter(self, folder: Path) -> bool:
            return folder != closed

    outsider = Outsider("outsider", 65534, 65534)

    first, second = (elasticsearch_folder(closed, tmp_path / "cache", outsider) for _ in range(2))

    assert first.is_relative_to(tmp_path / "cache")
    assert second == first


def test_what_a_deleted_run_folder_left_in_the_cache_is_deleted(
    closed: Path, tmp_path: Path
) -> None:
    abandoned = elasticsearch_folder(closed, tmp_path / "cache", STRANGER)
    shutil.rmtree(closed)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)

    kept = elasticsearch_folder(other, tmp_path / "cache", STRANGER)

    assert not abandoned.exists()
    assert kept.exists()


def test_wiping_deletes_the_stored_data_and_leaves_logs_and_secret(
    closed: Path, tmp_path: Path
) -> None:
    outside = elasticsearch_folder(closed, tmp_path / "cache", STRANGER)
    for name in ("kafka", "spool", "logs", "secrets"):
        (closed / name).mkdir()

    wipe(closed)

    assert sorted(path.name for path in closed.iterdir()) == ["logs", "secrets"]
    assert not outside.exists()


def test_the_data_of_a_running_stack_is_not_wiped(closed: Path) -> None:
    owner = identify(os.getpid())
    assert owner is not None
    (closed / "kafka").mkdir()
    write_record(
        closed,
        StackRecord(
            version=VERSION,
            run_dir=str(closed),
            owner=owner,
            state="running",
            started_at_us=1,
            addresses=Addresses(kafka="", elasticsearch=""),
            env={},
            ports=Ports(),
        ),
    )

    with pytest.raises(AlreadyRunningError, match="stop it with `careline down`"):
        wipe(closed)
    assert (closed / "kafka").exists()
