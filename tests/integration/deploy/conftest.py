from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local.ports import free_service_ports
from deploy.local.services import ServicePorts, ServiceSpec

TINY_SERVICE = '''
"""Serves /healthz as every service does; ends at once when told to fail."""
import http.server
import os
import sys

if "fail" in sys.argv:
    print("the reason is in the log", flush=True)
    sys.exit(3)

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass

print(os.environ["CARELINE_WORKER_ID"], os.environ["CARELINE_KAFKA"], flush=True)
port = int(os.environ["CARELINE_METRICS_PORT"])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Health).serve_forever()
'''

TINY_TASK = """
import os, pathlib
pathlib.Path(os.environ["TINY_MARK"]).write_text(os.environ["CARELINE_ELASTICSEARCH"])
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    (folder / "tiny_service.py").write_text(TINY_SERVICE)
    (folder / "tiny_task.py").write_text(TINY_TASK)
    return folder


@pytest.fixture(scope="module")
def env(modules: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join((str(modules), os.environ.get("PYTHONPATH", ""))),
        "TINY_MARK": str(modules / "mark"),
    }


@pytest.fixture(scope="module")
def services() -> list[ServiceSpec]:
    placeholder = ServicePorts(metrics=0, grpc=0)
    taken: set[int] = set()

    def spec(name: str, *depends: str) -> ServiceSpec:
        bare = ServiceSpec(name=name, module="tiny_service", ports=placeholder, depends=depends)
        ports = free_service_ports(bare, taken)
        return ServiceSpec(
            name=name,
            module="tiny_service",
            ports=ports,
            address=name.upper(),
            depends=depends,
        )

    return [spec("first"), spec("second", "first")]
