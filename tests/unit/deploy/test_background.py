from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from deploy.local.background import Failed, Reporter, Request, Running, _follow
from deploy.local.errors import LocalStackError
from deploy.local.ports import Ports, free_ports
from deploy.local.progress import Plain, Steps
from deploy.local.services import SERVICES

LOG = Path("/run/logs/runner.log")


class Told:
    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def started(self, step: str) -> None:
        self.said.append(("started", step))

    def detail(self, step: str, text: str) -> None:
        self.said.append(("detail", step, text))

    def finished(self, step: str, seconds: float) -> None:
        assert seconds >= 0
        self.said.append(("finished", step))


def test_steps_told_by_the_runner_are_heard_by_its_caller() -> None:
    out = io.StringIO()
    reporter = Reporter(out)
    steps = Steps(reporter)
    with steps.step("fetch Kafka") as report:
        report("3 MB of 46 files")
    reporter.send(Running())
    told = Told()

    _follow(out.getvalue().encode().splitlines(), told, LOG)

    assert told.said == [
        ("started", "fetch Kafka"),
        ("detail", "fetch Kafka", "3 MB of 46 files"),
        ("finished", "fetch Kafka"),
    ]


def test_the_runners_failure_is_its_callers() -> None:
    with pytest.raises(LocalStackError, match="no JDK"):
        _follow([msgspec.json.encode(Failed("no JDK"))], Told(), LOG)


def test_a_runner_that_ends_silently_points_to_its_log() -> None:
    with pytest.raises(LocalStackError, match=r"see /run/logs/runner\.log"):
        _follow([], Told(), LOG)


def test_a_request_survives_the_pipe() -> None:
    request = Request(run_dir="/run", ports=free_ports(SERVICES), services=("kpi",), env={"A": "b"})

    assert msgspec.json.decode(msgspec.json.encode(request), type=Request) == request
    assert msgspec.json.decode(b'{"run_dir": "/run", "ports": {}}', type=Request).ports == Ports()


def test_overlapping_steps_end_in_any_order_and_a_failed_one_does_not_end() -> None:
    told = Told()
    steps = Steps(told)
    steps.begin("a")
    steps.begin("b")
    steps.end("a")
    with pytest.raises(ValueError, match="failed"), steps.step("c"):
        raise ValueError("failed")

    assert told.said == [("started", "a"), ("started", "b"), ("finished", "a"), ("started", "c")]


def test_plain_progress_is_a_line_for_each_finished_step() -> None:
    out = io.StringIO()
    steps = Steps(Plain(out))
    with steps.step("kafka") as report:
        report("a detail")

    assert out.getvalue().startswith("kafka ")
    assert out.getvalue().count("\n") == 1
