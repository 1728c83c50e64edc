"""A killed worker's partitions go to another one in time."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from typing import Any

from deploy.local.stack import LocalStack
from deploy.local.waiting import wait_until
from tests.chaos.faults import wait_until_healthy

FAILOVER_SECONDS = 15.0
PARTITIONS = [0, 1, 2, 3]
JOIN_SECONDS = 60.0


def test_another_worker_takes_over_within_fifteen_seconds(whole_stack: LocalStack) -> None:
    wait_until_healthy(whole_stack)
    second = whole_stack.start_worker("insight")
    port = whole_stack.service_ports(second).metrics
    try:
        assert wait_until(lambda: len(report(port)["partitions"]) == 2, seconds=JOIN_SECONDS)
        whole_stack["insight"].kill(restart=False)
        killed_at = time.monotonic()
        assert wait_until(lambda: report(port)["partitions"] == PARTITIONS, seconds=JOIN_SECONDS)
        assert time.monotonic() - killed_at <= FAILOVER_SECONDS
    finally:
        whole_stack["insight"].start()
        whole_stack[second].kill(restart=False)
    wait_until_healthy(whole_stack)


def report(port: int) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/healthz")
    body: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return body
