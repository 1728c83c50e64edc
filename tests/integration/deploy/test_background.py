"""A stack in another process: found, stopped, and gone with its runner."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.background import Request, start_in_background
from deploy.local.control import down, inspect
from deploy.local.data import wipe
from deploy.local.errors import LocalStackError
from deploy.local.pids import group_is_alive, is_alive
from deploy.local.ports import free_ports, is_free
from deploy.local.progress import Quiet
from deploy.local.record import StackRecord, read_record
from deploy.local.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

DEADLINE = 30.0


@pytest.fixture
def record(tmp_path: Path) -> Iterator[StackRecord]:
    request = Request(run_dir=str(tmp_path), ports=free_ports(), services=())
    yield start_in_background(request, Quiet())
    down(tmp_path)


def groups(record: StackRecord) -> list[int]:
    return [process.id.pid for process in record.processes if process.id]


def test_down_from_another_process_leaves_nothing(record: StackRecord, tmp_path: Path) -> None:
    assert all(status.healthy for status in inspect(record))

    assert down(tmp_path)

    assert not is_alive(record.owner)
    assert not any(map(group_is_alive, groups(record)))
    assert is_free(record.ports.kafka)
    assert is_free(record.ports.elasticsearch)
    assert read_record(tmp_path) is None
    wipe(tmp_path)
    assert not (tmp_path / "kafka").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_nothing_outlives_a_runner_killed_with_sigkill(record: StackRecord, tmp_path: Path) -> None:
    os.kill(record.owner.pid, signal.SIGKILL)

    def gone() -> bool:
        return not any(map(group_is_alive, groups(record)))

    assert wait_until(gone, seconds=DEADLINE)
    # The record is left; the next start or `down` clears it.
    assert not down(tmp_path)
    assert read_record(tmp_path) is None


def test_a_runner_that_cannot_start_gives_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", "")
    monkeypatch.setenv("CARELINE_ELASTICSEARCH_USER", "no-such-user")
    ports = free_ports()
    if os.geteuid() != 0:
        pytest.skip("only root needs another account")

    with pytest.raises(LocalStackError, match="there is no user 'no-such-user'"):
        start_in_background(Request(run_dir=str(tmp_path), ports=ports, services=()), Quiet())
    assert read_record(tmp_path) is None
