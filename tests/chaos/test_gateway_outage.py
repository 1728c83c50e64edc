"""Kafka goes away under load: whatever was acknowledged arrives, and nothing is lost."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest

from deploy.local.ports import free_ports
from deploy.local.process import Backoff
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from deploy.local.waiting import wait_until
from tests.bench.gateway import SignedDesk, published_ids
from tests.chaos.test_failover import report

# `make chaos` keeps Kafka away for half a minute; a run of all tests has less time.
AWAY_SECONDS = float(os.environ.get("CARELINE_CHAOS_OUTAGE_SECONDS", "6"))
SENDERS = 4
# Every so many messages one is sent again: a fifth of all that is sent are repeats.
REPEAT_EVERY = 4

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    services = tuple(spec for spec in SERVICES if spec.name == "gateway")
    with LocalStack(
        tmp_path_factory.mktemp("outage"),
        ports=free_ports(services),
        services=services,
        with_elasticsearch=False,
        backoff=Backoff(first_seconds=0.2, ceiling_seconds=1.0),
    ) as stack:
        yield stack


@dataclass
class Sender:
    """A platform that sends, and sends again until it is told that it was heard."""

    desk: SignedDesk
    stop: threading.Event
    acknowledged: set[str] = field(default_factory=set)
    turned_away: int = 0

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            body, headers = self.desk.message()
            number += 1
            for _ in range(2 if number % REPEAT_EVERY == 0 else 1):
                self._send_until_heard(body, headers)

    def _send_until_heard(self, body: bytes, headers: dict[str, str]) -> None:
        address = urlsplit(self.desk.url)
        while not self.stop.is_set():
            connection = HTTPConnection(address.netloc, timeout=15)
            try:
                connection.request("POST", address.path, body, headers)
                status = connection.getresponse().status
            except (OSError, HTTPException):
                status = 0  # the gateway is being killed; nothing was promised
            finally:
                connection.close()
            if status == 202:
                self.acknowledged.add(f"webhook:desk:{headers['webhook-id']}")
                return
            self.turned_away += 1
            self.stop.wait(0.05)


def test_nothing_acknowledged_is_lost_while_kafka_is_away(stack: LocalStack) -> None:
    stop = threading.Event()
    senders = [Sender(SignedDesk(stack), stop) for _ in range(SENDERS)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        assert wait_until(lambda: _heard(senders) > 200, seconds=60)
        stack["kafka"].kill(restart=False)
        before = _heard(senders)
        gone_at = time.monotonic()
        # It goes on taking messages, on disk, also over its own sudden end.
        assert wait_until(lambda: _heard(senders) > before + 50, seconds=60)
        stack["gateway"].kill()
        assert wait_until(lambda: time.monotonic() - gone_at > AWAY_SECONDS, seconds=120)
        spooled = _heard(senders)
        assert spooled > before
        stack["kafka"].start()
        stack["kafka"].wait_ready(seconds=60)
        assert wait_until(lambda: _heard(senders) > spooled + 200, seconds=60)
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=60)
    assert wait_until(lambda: report(_metrics(stack))["spooled_bytes"] == 0, seconds=60)
    acknowledged = set().union(*(sender.acknowledged for sender in senders))
    assert acknowledged - set(published_ids(stack.env["CARELINE_KAFKA"])) == set()


def _heard(senders: list[Sender]) -> int:
    return sum(len(sender.acknowledged) for sender in senders)


def _metrics(stack: LocalStack) -> int:
    return stack.service_ports("gateway").metrics
