"""``careline up``, ``down`` and ``status``: the stack on this machine."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Annotated, Any

import typer
from kafka.errors import KafkaError

from deploy.local.background import Request, start_in_background
from deploy.local.control import ProcessStatus, inspect, running_stack
from deploy.local.control import down as stop_stack
from deploy.local.ports import Ports
from deploy.local.record import StackRecord
from deploy.local.run_folder import default_run_dir
from services.cli.output import FAILED, console, out, plainly, print_json, print_table
from services.cli.progress import Steps
from services.kernel.kafka.dead_letters import count_waiting

LOOPBACK = "127.0.0.1"
_TIMEOUT_SECONDS = 3.0
_RATE_SECONDS = 1.0

RunDir = Annotated[Path, typer.Option(help="Where data, logs and stack.json are.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def wall_address(record: StackRecord) -> str:
    ports = record.process("wall").ports
    assert ports is not None
    return f"http://127.0.0.1:{ports.http}"


@plainly
def up(run_dir: RunDir = default_run_dir(), as_json: Json = False) -> None:  # noqa: B008
    """Start Kafka, Elasticsearch, every service and the wall in the background."""
    with Steps() as steps:
        record = start_in_background(Request(run_dir=str(run_dir), ports=Ports()), steps)
    if as_json:
        print_json({"wall": wall_address(record), "env": record.env})
        return
    out.print(f"the wall: {wall_address(record)}")
    console.print("stop it with: careline down", highlight=False)


@plainly
def down(run_dir: RunDir = default_run_dir(), as_json: Json = False) -> None:  # noqa: B008
    """Stop what `careline up` started."""
    stopped = stop_stack(run_dir)
    if as_json:
        print_json({"stopped": stopped})
    else:
        out.print("stopped" if stopped else "nothing was running")


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What one process says of itself; ``rate`` is events per second just now."""

    name: str
    healthy: bool
    restarts: int
    lag: int | None
    rate: float | None
    dead_letters: int | None
    detail: str


@plainly
def status(run_dir: RunDir = default_run_dir(), as_json: Json = False) -> None:  # noqa: B008
    """Show each service's health, lag and rate; exit 1 unless all are healthy."""
    record = running_stack(run_dir)
    first = _reports(record)
    time.sleep(_RATE_SECONDS)
    second = _reports(record)
    services = [_status(each, first, second) for each in inspect(record)]
    waiting = _waiting_letters(record.env["CARELINE_KAFKA"])
    healthy = waiting is not None and all(each.healthy for each in services)
    if as_json:
        print_json(
            {
                "healthy": healthy,
                "services": {
                    each.name: {
                        "healthy": each.healthy,
                        "lag": each.lag,
                        "rate": each.rate,
                        "restarts": each.restarts,
                        "dead_letters": each.dead_letters,
                    }
                    for each in services
                },
                "dead_letters": waiting,
            }
        )
    else:
        _show(services, waiting)
    if not healthy:
        raise typer.Exit(FAILED)


def _waiting_letters(kafka: str) -> dict[str, int] | None:
    """Return the dead letters of each topic; None while Kafka does not answer."""
    try:
        return {each.topic: each.count for each in count_waiting(kafka)}
    except KafkaError:
        return None


def _reports(record: StackRecord) -> dict[str, tuple[float, dict[str, Any]]]:
    """Ask every service's /healthz; one that does not answer has no report."""
    found = {}
    for process in record.processes:
        if process.ports is None:
            continue
        connection = HTTPConnection(LOOPBACK, process.ports.metrics, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/healthz")
            body = connection.getresponse().read()
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
        found[process.name] = (time.monotonic(), json.loads(body))
    return found


def _status(
    process: ProcessStatus,
    first: dict[str, tuple[float, dict[str, Any]]],
    second: dict[str, tuple[float, dict[str, Any]]],
) -> ServiceStatus:
    name = process.record.name
    rate = None
    at, report = second.get(name, (0.0, {}))
    if name in first and "events_total" in report:
        earlier_at, earlier = first[name]
        rate = round(
            (report["events_total"] - earlier.get("events_total", 0)) / (at - earlier_at), 1
        )
    return ServiceStatus(
        name=name,
        healthy=process.healthy,
        restarts=process.record.restarts,
        lag=report.get("lag"),
        rate=rate,
        dead_letters=report.get("dead_letters"),
        detail=str(report.get("state", "" if process.alive else "down")),
    )


def _show(services: list[ServiceStatus], waiting: dict[str, int] | None) -> None:
    print_table(
        "Careline",
        ["service", "health", "state", "lag", "events/s", "dead letters", "restarts"],
        [
            (
                each.name,
                "[green]● healthy[/]" if each.healthy else "[red]■ not healthy[/]",
                each.detail,
                each.lag,
                each.rate,
                each.dead_letters,
                each.restarts,
            )
            for each in services
        ],
    )
    if waiting is None:
        console.print("Kafka does not answer: dead letters cannot be counted", highlight=False)
        return
    letters = {topic: count for topic, count in waiting.items() if count}
    if letters:
        print_table("Dead letters that wait", ["topic", "count"], list(letters.items()))
        out.print("look: careline dead-letters list · again: careline dead-letters replay")
