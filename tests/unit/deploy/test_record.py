from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local.errors import AlreadyRunningError, LocalStackError
from deploy.local.pids import ProcessId, identify, is_alive
from deploy.local.ports import Ports
from deploy.local.record import (
    VERSION,
    ProcessRecord,
    StackRecord,
    read_record,
    remove_record,
    write_record,
)
from deploy.local.run_folder import RunFolder
from deploy.local.services import SERVICES, Addresses, ServicePorts, party_key


def stack_record(run_dir: Path, owner: ProcessId, *processes: ProcessRecord) -> StackRecord:
    addresses = Addresses(
        kafka="127.0.0.1:19092",
        elasticsearch="http://127.0.0.1:19200",
        grpc={"KPI": "127.0.0.1:19406"},
    )
    return StackRecord(
        version=VERSION,
        run_dir=str(run_dir),
        owner=owner,
        state="running",
        started_at_us=1,
        addresses=addresses,
        env=addresses.environment(),
        ports=Ports(services={spec.name: spec.ports for spec in SERVICES}),
        processes=processes,
    )


def own_id() -> ProcessId:
    process = identify(os.getpid())
    assert process is not None
    return process


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    process = ProcessRecord(
        name="kpi",
        log="/run/logs/kpi.log",
        id=ProcessId(12, "345"),
        restarts=2,
        ports=ServicePorts(metrics=1, grpc=2),
        health_url="http://127.0.0.1:1/healthz",
    )
    record = stack_record(tmp_path, own_id(), process)

    write_record(tmp_path, record)

    assert read_record(tmp_path) == record
    assert record.process("kpi") == process
    assert record.owner_is_alive
    assert record.env["CARELINE_KPI_ADDRESS"] == "127.0.0.1:19406"


def test_a_removed_record_is_none_and_removing_twice_is_fine(tmp_path: Path) -> None:
    write_record(tmp_path, stack_record(tmp_path, own_id()))

    remove_record(tmp_path)
    remove_record(tmp_path)

    assert read_record(tmp_path) is None


@pytest.mark.parametrize("content", ["{", "{}", '{"version": "1"}'])
def test_a_record_that_is_not_understood_is_named_with_the_remedy(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "stack.json").write_text(content)

    with pytest.raises(LocalStackError, match=r"stack\.json is not readable.*delete the file"):
        read_record(tmp_path)


def test_an_unknown_process_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="no process 'x'"):
        stack_record(tmp_path, own_id()).process("x")


def test_a_later_process_with_the_same_pid_is_another_one() -> None:
    own = own_id()

    assert is_alive(own)
    assert not is_alive(ProcessId(own.pid, "another start"))


def test_a_run_folder_belongs_to_one_stack_at_a_time(tmp_path: Path) -> None:
    first, second = RunFolder(tmp_path), RunFolder(tmp_path)
    first.take()
    first.write(lambda: stack_record(tmp_path, own_id()))

    with pytest.raises(AlreadyRunningError, match=rf"process {os.getpid()}\).*careline down"):
        second.take()

    first.give_back()
    assert read_record(tmp_path) is None
    second.take()
    second.give_back()


def test_only_the_holder_of_the_folder_writes_its_record(tmp_path: Path) -> None:
    RunFolder(tmp_path).write(lambda: stack_record(tmp_path, own_id()))

    assert read_record(tmp_path) is None


def test_the_party_key_is_made_once_for_a_run_folder_and_is_private(tmp_path: Path) -> None:
    key = party_key(tmp_path)

    assert len(bytes.fromhex(key)) == 32
    assert party_key(tmp_path) == key
    assert party_key(tmp_path / "other") != key
    assert (tmp_path / "secrets" / "party-key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
