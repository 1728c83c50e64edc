from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.local.control import clear_leftovers, down, inspect, running_stack
from deploy.local.errors import LocalStackError
from deploy.local.pids import ProcessId, identify, is_alive
from deploy.local.ports import Ports
from deploy.local.record import (
    VERSION,
    ProcessRecord,
    StackRecord,
    read_record,
    write_record,
)
from deploy.local.services import Addresses

GONE = ProcessId(2**22 + 1, "never")
WAIT = "import signal; print(flush=True); signal.pause()"


@pytest.fixture
def other() -> Iterator[subprocess.Popen[str]]:
    """Run a process outside this group, as a runner or as one of its children."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", WAIT],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def alive(process: subprocess.Popen[str]) -> ProcessId:
    found = identify(process.pid)
    assert found is not None
    return found


def write(run_dir: Path, owner: ProcessId, *processes: ProcessRecord) -> StackRecord:
    record = StackRecord(
        version=VERSION,
        run_dir=str(run_dir),
        owner=owner,
        state="running",
        started_at_us=1,
        addresses=Addresses(kafka="", elasticsearch=""),
        env={},
        ports=Ports(),
        processes=processes,
    )
    write_record(run_dir, record)
    return record


def kpi(process: ProcessId | None) -> ProcessRecord:
    return ProcessRecord(
        name="kpi", log="", id=process, ports=None, health_url="http://127.0.0.1:9/healthz"
    )


def test_down_where_nothing_ran_says_so(tmp_path: Path) -> None:
    assert not down(tmp_path)


def test_down_asks_the_runner_and_waits_for_its_end(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    write(tmp_path, alive(other))

    assert down(tmp_path)

    assert other.wait() == -signal.SIGTERM
    assert read_record(tmp_path) is None


def test_down_stops_what_a_killed_runner_left(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    write(tmp_path, GONE, kpi(alive(other)))

    assert down(tmp_path)

    assert other.wait() == -signal.SIGTERM
    assert read_record(tmp_path) is None


def test_a_frozen_leftover_is_stopped_too(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    os.kill(other.pid, signal.SIGSTOP)
    write(tmp_path, GONE, kpi(alive(other)))

    assert clear_leftovers(tmp_path) == ["kpi"]
    assert other.wait() == -signal.SIGTERM


def test_a_process_that_took_over_the_pid_of_a_leftover_is_left_alone(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    write(tmp_path, GONE, kpi(msgspec.structs.replace(alive(other), started="earlier")))

    assert clear_leftovers(tmp_path) == []
    assert is_alive(alive(other))


def test_the_processes_of_a_living_runner_are_no_leftovers(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    own = identify(os.getpid())
    assert own is not None
    record = write(tmp_path, own, kpi(alive(other)))

    assert clear_leftovers(tmp_path) == []
    assert running_stack(tmp_path) == record
    with pytest.raises(LocalStackError, match=r"call its stop\(\)"):
        down(tmp_path)


def test_a_stack_whose_runner_is_gone_does_not_run(tmp_path: Path) -> None:
    write(tmp_path, GONE)

    with pytest.raises(LocalStackError, match="start it with `careline up`"):
        running_stack(tmp_path)


def test_the_status_tells_dead_from_unhealthy(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    record = write(tmp_path, GONE, kpi(alive(other)), kpi(None), kpi(GONE))

    found = [(status.alive, status.healthy) for status in inspect(record)]

    assert found == [(True, False), (False, False), (False, False)]
