"""Print what Careline does per second on this machine: ``make bench``. Never fails on time."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from deploy.local.ports import free_ports
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from services.kernel.kafka.admin import apply_topics
from tests.bench.assign import assign
from tests.bench.fold import fold
from tests.bench.freshness import freshness
from tests.bench.gateway import gateway
from tests.bench.lanes import kpi_fold, lane_throughput
from tests.bench.machine import describe
from tests.bench.restore import restore

console = Console(highlight=False)

ALONE: dict[str, Callable[[], Iterable[str]]] = {"assign": assign, "fold": fold}
BROKER: dict[str, Callable[[str], Iterable[str]]] = {
    "lanes": lane_throughput,
    "kpi": kpi_fold,
    "restore": lambda kafka: [restore(kafka)],
}
WHOLE: dict[str, Callable[[LocalStack], Iterable[str]]] = {
    "wall": lambda stack: [freshness(stack)],
}
GATEWAY = "gateway"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "only", nargs="*", help=f"some of: {', '.join([*ALONE, *BROKER, *WHOLE, GATEWAY])}"
    )
    wanted = parser.parse_args().only or [*ALONE, *BROKER, *WHOLE, GATEWAY]
    console.print(describe())
    for name, measure in ALONE.items():
        if name in wanted:
            for line in measure():
                console.print(line)
    with tempfile.TemporaryDirectory(prefix="careline-bench-") as folder:
        if any(name in BROKER for name in wanted):
            _measure_broker(Path(folder) / "broker", wanted)
        if any(name in WHOLE for name in wanted):
            _measure_whole(Path(folder) / "whole", wanted)
        # Last, for it moves the measuring process to another core.
        if GATEWAY in wanted:
            _measure_gateway(Path(folder) / "gateway")


def _measure_gateway(folder: Path) -> None:
    services = tuple(spec for spec in SERVICES if spec.name == "gateway")
    with LocalStack(
        folder, ports=free_ports(services), services=services, with_elasticsearch=False
    ) as stack:
        for line in gateway(stack):
            console.print(line)


def _measure_broker(folder: Path, wanted: list[str]) -> None:
    with LocalStack(folder, ports=free_ports(), services=(), with_elasticsearch=False) as stack:
        kafka = stack.env["CARELINE_KAFKA"]
        apply_topics(kafka)
        for name, measure in BROKER.items():
            if name in wanted:
                for line in measure(kafka):
                    console.print(line)


def _measure_whole(folder: Path, wanted: list[str]) -> None:
    with LocalStack(folder, ports=free_ports(SERVICES)) as stack:
        for name, measure in WHOLE.items():
            if name in wanted:
                for line in measure(stack):
                    console.print(line)


if __name__ == "__main__":
    main()
