"""The whole of Careline as local processes: Kafka, Elasticsearch, the services."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import elasticsearch, kafka
from deploy.local.control import clear_leftovers
from deploy.local.errors import LocalStackError
from deploy.local.infrastructure import NodeOptions, elasticsearch_node, kafka_node
from deploy.local.pids import ProcessId, identify
from deploy.local.ports import Ports, free_service_ports, require_free
from deploy.local.process import Backoff, Process
from deploy.local.progress import Progress, Quiet, Steps
from deploy.local.record import VERSION, ProcessRecord, StackRecord, read_record
from deploy.local.run_folder import RunFolder, default_run_dir
from deploy.local.services import (
    SERVICES,
    SETUP,
    Addresses,
    ServicePorts,
    ServiceSpec,
    TaskSpec,
    addresses,
    service_environment,
)
from deploy.local.supervisor import Supervisor
from deploy.local.worker import health_url, log_file, run_task, worker_spec

SERVICES_SECONDS = 120.0


class LocalStack:
    """Starts and stops everything. One stack per run folder; its owner is this process.

    ``with LocalStack(run_dir, ports=free_ports(), services=())`` gives a test the infrastructure
    alone. A crashed process is restarted. On Linux every process dies with this one, even when it
    is killed with SIGKILL.
    """

    def __init__(
        self,
        run_dir: Path | None = None,
        *,
        ports: Ports | None = None,
        services: Sequence[ServiceSpec] = SERVICES,
        setup: Sequence[TaskSpec] | None = None,
        env: Mapping[str, str] | None = None,
        options: NodeOptions | None = None,
        with_elasticsearch: bool = True,
        backoff: Backoff | None = None,
    ) -> None:
        """``env`` is added to every service's; ``setup`` defaults to ``SETUP`` with services."""
        self.run_dir = (run_dir or default_run_dir()).resolve()
        self.ports = ports or Ports()
        self.services = tuple(services)
        _require_order(self.services)
        self._setup = (SETUP if self.services else ()) if setup is None else tuple(setup)
        self._env = dict(env or {})
        self._options = options or NodeOptions()
        self._with_elasticsearch = with_elasticsearch
        self._backoff = backoff or Backoff()
        self._worker_ports = {spec.name: self.ports.of(spec) for spec in self.services}
        self._supervisor = Supervisor(self._write)
        self._folder = RunFolder(self.run_dir)
        self._state = "stopped"
        self._started_at_us = 0

    # What others read.

    @property
    def addresses(self) -> Addresses:
        ports = self.ports
        return addresses(ports.kafka, ports.elasticsearch, self.services, self._worker_ports)

    @property
    def env(self) -> dict[str, str]:
        """Return what a client of the stack puts into its environment."""
        return self.addresses.environment()

    def __getitem__(self, name: str) -> Process:
        """Return ``kafka``, ``elasticsearch``, a service or a second worker, to kill or freeze."""
        return self._supervisor[name]

    def service_ports(self, worker: str) -> ServicePorts:
        return self._worker_ports[worker]

    # The life of the stack.

    def start(self, progress: Progress | None = None) -> Self:
        """Start all and wait for health; on any failure, Ctrl-C included, leave nothing running."""
        steps = Steps(progress or Quiet())
        self._folder.take()
        try:
            self._clear(steps)
            require_free(self.ports.owners(self.services))
            self._started_at_us = time.time_ns() // 1_000
            self._state = "starting"
            self._write()
            self._start_infrastructure(steps)
            for task in self._setup:
                with steps.step(task.name):
                    run_task(task, {**self.env, **self._env}, self.run_dir)
            self._start_services(steps)
        except BaseException:
            self.stop()
            raise
        self._state = "running"
        self._write()
        return self

    def stop(self, progress: Progress | None = None) -> list[str]:
        """Stop the services, then the infrastructure; return those that had to be killed."""
        if not self._folder.is_ours:
            return []
        steps = Steps(progress or Quiet())
        self._state = "stopping"
        self._write()
        nodes = (kafka.NAME, elasticsearch.NAME)
        try:
            with steps.step("stop the services"):
                workers = [process.name for process in self._supervisor]
                killed = self._supervisor.stop([name for name in workers if name not in nodes])
            with steps.step("stop the infrastructure"):
                killed += self._supervisor.stop(nodes)
        except BaseException:
            self._supervisor.kill_all()
            raise
        finally:
            self._folder.give_back()
        return killed

    def __enter__(self) -> Self:
        return self if self._folder.is_ours else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # For chaos tests.

    def start_worker(self, service: str, *, seconds: float = SERVICES_SECONDS) -> str:
        """Start one more worker of a service beside those that run; return its name."""
        spec = next((spec for spec in self.services if spec.name == service), None)
        if spec is None:
            raise LocalStackError(f"no service {service!r} in the stack")
        number = 2
        while f"{service}-{number}" in self._supervisor:
            number += 1
        worker = f"{service}-{number}"
        self._worker_ports[worker] = free_service_ports(spec, set())
        self._launch(spec, worker)
        self._supervisor[worker].wait_ready(seconds=seconds)
        return worker

    # Steps of the start.

    def _clear(self, steps: Steps) -> None:
        record = read_record(self.run_dir)
        if record is not None and not record.owner_is_alive:
            with steps.step("clear an earlier run") as report:
                report(", ".join(clear_leftovers(self.run_dir)))

    def _start_infrastructure(self, steps: Steps) -> None:
        # Elasticsearch takes the longest, so it starts first and Kafka is prepared meanwhile.
        names = [kafka.NAME]
        seconds = kafka.START_SECONDS
        if self._with_elasticsearch:
            node = elasticsearch_node(self.run_dir, self.ports, self._options, steps)
            steps.begin(elasticsearch.NAME)
            self._supervisor.start(node.spec(self._backoff))
            names.append(elasticsearch.NAME)
            seconds = elasticsearch.START_SECONDS
        broker = kafka_node(self.run_dir, self.ports, self._options, steps)
        steps.begin(kafka.NAME)
        self._supervisor.start(broker.spec(self._backoff))
        self._supervisor.wait_ready(names, seconds=seconds, on_ready=steps.end)

    def _start_services(self, steps: Steps) -> None:
        ready: set[str] = set()

        def on_ready(name: str) -> None:
            steps.end(name)
            ready.add(name)

        for spec in self.services:
            needed = [name for name in spec.depends if name in self._worker_ports]
            self._supervisor.wait_ready(
                [name for name in needed if name not in ready],
                seconds=SERVICES_SECONDS,
                on_ready=on_ready,
            )
            steps.begin(spec.name)
            self._launch(spec, spec.name)
        waiting = [spec.name for spec in self.services if spec.name not in ready]
        self._supervisor.wait_ready(waiting, seconds=SERVICES_SECONDS, on_ready=on_ready)

    def _launch(self, spec: ServiceSpec, worker: str) -> None:
        ports = self._worker_ports[worker]
        env = service_environment(spec, worker, ports, self.addresses, self.run_dir)
        env.update(self._env)
        self._supervisor.start(
            worker_spec(spec, worker, ports, env=env, run_dir=self.run_dir, backoff=self._backoff)
        )

    # The record.

    def _write(self) -> None:
        """Write ``stack.json``; called by any thread whenever a process starts or ends."""
        self._folder.write(self._record)

    def _record(self) -> StackRecord:
        own = os.getpid()
        return StackRecord(
            version=VERSION,
            run_dir=str(self.run_dir),
            owner=identify(own) or ProcessId(own, ""),
            state=self._state,
            started_at_us=self._started_at_us,
            addresses=self.addresses,
            env=self.env,
            ports=Ports(
                kafka=self.ports.kafka,
                kafka_controller=self.ports.kafka_controller,
                elasticsearch=self.ports.elasticsearch,
                elasticsearch_transport=self.ports.elasticsearch_transport,
                services=dict(self._worker_ports),
            ),
            processes=tuple(self._process_record(process) for process in self._supervisor),
        )

    def _process_record(self, process: Process) -> ProcessRecord:
        ports = self._worker_ports.get(process.name)
        urls = {
            kafka.NAME: f"kafka://127.0.0.1:{self.ports.kafka}",
            elasticsearch.NAME: elasticsearch.health_url(self.ports.elasticsearch),
        }
        return ProcessRecord(
            name=process.name,
            log=str(log_file(self.run_dir, process.name)),
            id=process.id,
            restarts=process.restarts,
            ports=ports,
            health_url=health_url(ports) if ports else urls[process.name],
        )


def _require_order(services: Sequence[ServiceSpec]) -> None:
    """Refuse a service before one it depends on; a dependency outside the list does not count."""
    names = [spec.name for spec in services]
    if len(set(names)) != len(names):
        raise LocalStackError(f"two services have one name: {', '.join(names)}")
    for position, spec in enumerate(services):
        late = [name for name in spec.depends if name in names[position:]]
        if late:
            raise LocalStackError(
                f"{spec.name} depends on {', '.join(late)}, which must stand before it in the list"
            )
