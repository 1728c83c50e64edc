"""``stack.json``: how another process finds a running stack. It holds no secret."""

from __future__ import annotations

from pathlib import Path

import msgspec

from deploy.local.errors import LocalStackError
from deploy.local.pids import ProcessId, is_alive
from deploy.local.ports import Ports
from deploy.local.services import Addresses, ServicePorts

FILE = "stack.json"
VERSION = 1


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    log: str
    # None while the process is down.
    id: ProcessId | None
    restarts: int = 0
    ports: ServicePorts | None
    # http://… or, for the broker, kafka://host:port
    health_url: str


class StackRecord(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    run_dir: str
    owner: ProcessId
    # starting, running, stopping
    state: str
    started_at_us: int
    addresses: Addresses
    # What a client of this stack puts into its environment.
    env: dict[str, str]
    ports: Ports
    processes: tuple[ProcessRecord, ...] = ()

    @property
    def owner_is_alive(self) -> bool:
        return is_alive(self.owner)

    def process(self, name: str) -> ProcessRecord:
        for process in self.processes:
            if process.name == name:
                return process
        names = ", ".join(process.name for process in self.processes)
        raise LocalStackError(f"no process {name!r} in the stack; there are: {names}")


def read_record(run_dir: Path) -> StackRecord | None:
    """Return what the stack of this run folder wrote; None when it left none."""
    path = run_dir / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        record = msgspec.json.decode(content, type=StackRecord)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LocalStackError(
            f"{path} is not readable ({error}): another version of Careline wrote it. Stop that "
            "one first, then delete the file."
        ) from error
    if record.version != VERSION:
        raise LocalStackError(
            f"{path} has version {record.version}, not {VERSION}: another version of Careline "
            "wrote it. Stop that one first, then delete the file."
        )
    return record


def write_record(run_dir: Path, record: StackRecord) -> None:
    """Replace the file at once, so that a reader sees a whole one."""
    content = msgspec.json.format(msgspec.json.encode(record), indent=2)
    partial = run_dir / f"{FILE}.partial"
    partial.write_bytes(content)
    partial.replace(run_dir / FILE)


def remove_record(run_dir: Path) -> None:
    (run_dir / FILE).unlink(missing_ok=True)
