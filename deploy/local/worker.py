"""Run a service of ours, or a task, as ``python -m``."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.child import Child, Command
from deploy.local.errors import StartError
from deploy.local.process import Backoff, ProcessSpec
from deploy.local.services import ServicePorts, ServiceSpec, TaskSpec
from deploy.local.waiting import http_ok, wait_until

# Holds the packages `services`, `dashboards`, `deploy`, and by default the run folder.
REPOSITORY = Path(__file__).resolve().parents[2]
TASK_SECONDS = 120.0


def health_url(ports: ServicePorts) -> str:
    return f"http://127.0.0.1:{ports.metrics}/healthz"


def log_file(run_dir: Path, name: str) -> Path:
    return run_dir / "logs" / f"{name}.log"


def worker_spec(
    service: ServiceSpec,
    worker: str,
    ports: ServicePorts,
    *,
    env: Mapping[str, str],
    run_dir: Path,
    backoff: Backoff,
) -> ProcessSpec:
    return ProcessSpec(
        name=worker,
        command=Command(
            argv=[sys.executable, "-m", service.module, *service.args],
            log=log_file(run_dir, worker),
            cwd=REPOSITORY,
            env={**os.environ, **env},
        ),
        ready=lambda: http_ok(health_url(ports)),
        backoff=backoff,
    )


def run_task(task: TaskSpec, env: Mapping[str, str], run_dir: Path) -> None:
    """Run it to its end; raise with the end of its log when it fails or takes too long."""
    child = Child(
        Command(
            argv=[sys.executable, "-m", task.module, *task.args],
            log=log_file(run_dir, task.name),
            cwd=REPOSITORY,
            env={**os.environ, **env},
        )
    )
    try:
        in_time = wait_until(lambda: child.poll() is not None, seconds=TASK_SECONDS)
    finally:
        child.kill()
        child.wait()
    if not in_time:
        reason = f"the task {task.name!r} did not end within {TASK_SECONDS:g} s"
        raise StartError(reason, str(child.log), child.last_lines())
    if child.poll() != 0:
        reason = f"the task {task.name!r} failed with exit code {child.poll()}"
        raise StartError(reason, str(child.log), child.last_lines())
