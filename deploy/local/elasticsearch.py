"""One Elasticsearch node on loopback, without security, for development and tests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.account import Account
from deploy.local.child import Command
from deploy.local.errors import LocalStackError
from deploy.local.jdk import Jdk
from deploy.local.jvm import QUICK_START, java_environment
from deploy.local.process import Backoff, ProcessSpec
from deploy.local.waiting import http_ok

NAME = "elasticsearch"
START_SECONDS = 120.0

_LOG4J2 = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.} %m%consoleException%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
logger.deprecation.name = deprecation
logger.deprecation.level = warn
"""

# The heap and the quick start stand in ES_JAVA_OPTS, which comes after this file.
_JVM_OPTIONS = """\
-XX:+UseSerialGC
-Djava.io.tmpdir=${ES_TMPDIR}
--add-modules=jdk.incubator.vector
-XX:+ExitOnOutOfMemoryError
-XX:ErrorFile=hs_err_pid%p.log
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticsearchNode:
    """Where a node lives and how it is set; ``prepare`` makes it startable."""

    folder: Path
    log: Path
    port: int
    transport_port: int
    home: Path
    jdk: Jdk
    account: Account | None
    settings: Mapping[str, str] = field(default_factory=dict)
    heap: str = "1g"
    jvm_options: Sequence[str] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration, and hand the folder to the account that runs the node."""
        self._require_reach()
        for name in ("config", "data", "logs", "tmp", "snapshots"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        config = self.folder / "config"
        (config / "elasticsearch.yml").write_text(render_settings(self), encoding="utf-8")
        (config / "jvm.options").write_text(_JVM_OPTIONS, encoding="utf-8")
        (config / "log4j2.properties").write_text(_LOG4J2, encoding="utf-8")
        if self.account is not None:
            self.account.own(self.folder)

    def spec(self, backoff: Backoff | None = None) -> ProcessSpec:
        # Touching the whole heap at the start, its default, costs a second and the memory.
        options = (f"-Xms256m -Xmx{self.heap} -XX:-AlwaysPreTouch", *QUICK_START)
        env = {
            **java_environment(os.environ),
            "ES_JAVA_HOME": str(self.jdk.home),
            "ES_JAVA_OPTS": " ".join((*options, *self.jvm_options)),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "CLI_JAVA_OPTS": " ".join(QUICK_START),
        }
        return ProcessSpec(
            name=NAME,
            command=Command(
                # In the foreground: the launcher's death ends the node through their pipe.
                argv=[str(self.home / "bin" / "elasticsearch")],
                log=self.log,
                cwd=self.folder,
                env=env,
                account=self.account,
            ),
            ready=lambda: http_ok(health_url(self.port)),
            backoff=backoff,
        )

    def _require_reach(self) -> None:
        if self.account is None:
            return
        for path in (self.folder, self.home, self.jdk.java):
            if not self.account.can_reach(path):
                raise LocalStackError(
                    f"Elasticsearch runs as {self.account.name!r}, who cannot enter the folders "
                    f"above {path}: choose a place that every user may enter."
                )


def health_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/_cluster/health?wait_for_status=yellow&timeout=1s"


def render_settings(node: ElasticsearchNode) -> str:
    settings = {
        "cluster.name": "careline",
        "node.name": "local",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": str(node.port),
        "transport.port": str(node.transport_port),
        "path.data": str(node.folder / "data"),
        "path.logs": str(node.folder / "logs"),
        "path.repo": str(node.folder / "snapshots"),
        "xpack.security.enabled": "false",
        # vm.max_map_count is often too low on a developer's machine.
        "node.store.allow_mmap": "false",
        # A disk that is nearly full must not turn indices read-only here.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        **node.settings,
    }
    return "".join(f"{name}: {value}\n" for name, value in settings.items())
