"""One Kafka broker in KRaft mode, broker and controller in one process."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import struct
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.child import Command
from deploy.local.errors import StartError
from deploy.local.jdk import Jdk
from deploy.local.jvm import QUICK_START, java_environment
from deploy.local.process import Backoff, ProcessSpec

NAME = "kafka"
START_SECONDS = 60.0
_FORMAT_SECONDS = 60.0
_HEALTH_SECONDS = 2.0
_API_VERSIONS = 18

_LOG4J2 = """\
<Configuration status="error">
  <Appenders>
    <Console name="console"><PatternLayout pattern="%d{ISO8601} %-5p %c{1} %m%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="info"><AppenderRef ref="console"/></Root>
    <!-- These print every setting, or a line for each partition at each start. -->
    <Logger name="org.apache.kafka.common.config" level="warn"/>
    <Logger name="kafka.server.KafkaConfig" level="warn"/>
    <Logger name="kafka.log" level="warn"/>
    <Logger name="kafka.cluster.Partition" level="warn"/>
    <Logger name="org.apache.kafka.storage.internals.log" level="warn"/>
    <Logger name="state.change.logger" level="warn"/>
  </Loggers>
</Configuration>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaNode:
    """Where a broker lives and how it is set; ``prepare`` makes it startable."""

    folder: Path
    log: Path
    port: int
    controller_port: int
    libs: Path
    jdk: Jdk
    properties: Mapping[str, str] = field(default_factory=dict)
    heap: str = "512m"
    jvm_options: Sequence[str] = ()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration; format the storage unless it holds data already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(render_properties(self), encoding="utf-8")
        self._log4j2.write_text(_LOG4J2, encoding="utf-8")
        if (self._data / "meta.properties").exists():
            return
        # A formatting that was cut short leaves a folder that the next one would refuse.
        shutil.rmtree(self._data, ignore_errors=True)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        argv = self._java(
            "-Xmx128m",
            "kafka.tools.StorageTool",
            # Joined by "=", for an id may begin with a dash.
            *("format", f"--cluster-id={cluster}", "--config", str(self._config)),
        )
        outcome = subprocess.run(  # noqa: S603  no shell; the runner's own arguments
            argv,
            env=java_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if outcome.returncode != 0:
            lines = (outcome.stdout + outcome.stderr).splitlines()[-20:]
            raise StartError("Kafka's storage could not be formatted", str(self._data), lines)

    def spec(self, backoff: Backoff | None = None) -> ProcessSpec:
        heap = ("-Xms256m", f"-Xmx{self.heap}", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError")
        return ProcessSpec(
            name=NAME,
            command=Command(
                argv=self._java(*heap, *self.jvm_options, "kafka.Kafka", str(self._config)),
                log=self.log,
                cwd=self.folder,
                env=java_environment(os.environ),
            ),
            ready=lambda: answers(self.port),
            backoff=backoff,
        )

    def _java(self, *arguments: str) -> list[str]:
        options = [*QUICK_START, f"-Dlog4j2.configurationFile={self._log4j2}"]
        return [str(self.jdk.java), *options, "-cp", f"{self.libs}/*", *arguments]

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _log4j2(self) -> Path:
        return self.folder / "log4j2.xml"


def render_properties(node: KafkaNode) -> str:
    listeners = f"PLAINTEXT://{node.address},CONTROLLER://127.0.0.1:{node.controller_port}"
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{node.controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": listeners,
        "advertised.listeners": f"PLAINTEXT://{node.address}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(node.folder / "data"),
        # Topics are declared and created by one admin command.
        "auto.create.topics.enable": "false",
        # One node: no internal topic can have a second replica.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # After kill -9 the broker may not register again before its old session has ended.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # Its default of 128 MB would be a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": "33554432",
        **node.properties,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def answers(port: int) -> bool:
    """Return whether a broker on loopback answers an ApiVersions request without an error.

    A broker opens its port early; it answers only once the controller has let it in.
    """
    client = b"careline-health"
    request = struct.pack(">hhih", _API_VERSIONS, 0, 1, len(client)) + client
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_HEALTH_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                # Length, correlation id, error code.
                head = answer.read(10)
    except OSError:
        return False
    return len(head) == struct.calcsize(">iih") and struct.unpack(">iih", head)[1:] == (1, 0)
