"""Signed webhooks per second that one gateway accepts, each answered after Kafka has it.

The gateway has one core to itself and the sender, the broker and everything else share the other,
as far as the machine has two. Requests are signed beforehand: what is measured is the gateway.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import yaml
from kafka import KafkaConsumer, TopicPartition
from standardwebhooks import Webhook

from careline.event.v1.event_pb2 import EventBatch
from deploy.local.channel_accounts import ORGANISATION, accounts_file
from deploy.local.process import Process
from deploy.local.stack import LocalStack
from services.kernel.clock import SystemClock, to_datetime, to_iso
from services.kernel.topics import topic

SECONDS = 8.0
RATE = 2_000
CONNECTIONS = (16, 64, 200)
HEAD = "intake.event-accepted.v1"


class SignedDesk:
    """Signs as the ``desk`` account of a local stack."""

    def __init__(self, stack: LocalStack) -> None:
        accounts = yaml.safe_load(accounts_file(Path(stack.run_dir)).read_text(encoding="utf-8"))
        secret = next(a["secret"] for a in accounts["accounts"] if a["account"] == "desk")
        self._signer = Webhook(secret)
        self.url = f"{stack.env['CARELINE_GATEWAY_HTTP']}/v1/webhooks/{ORGANISATION}/desk"

    def message(self) -> tuple[bytes, dict[str, str]]:
        number = uuid4().hex
        now_us = SystemClock().now_us()
        body = json.dumps(
            {
                "type": "message.received",
                "timestamp": to_iso(now_us),
                "data": {
                    "thread_id": number,
                    "message_id": number,
                    "sent_at": to_iso(now_us),
                    "text": "Where is my parcel?",
                    "author": {"id": f"customer-{number}"},
                },
            }
        )
        at = to_datetime(now_us // 1_000_000 * 1_000_000)
        return body.encode(), {
            "webhook-id": number,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(number, at, body),
        }

    def request(self) -> bytes:
        """Return a whole signed HTTP request, ready to be written to a connection."""
        body, headers = self.message()
        address = urlsplit(self.url)
        lines = [
            f"POST {address.path} HTTP/1.1",
            f"Host: {address.netloc}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Outcome:
    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    def told(self, what: str, elapsed: float) -> str:
        self.seconds.sort()
        p50, p99 = (self.seconds[int(s * (len(self.seconds) - 1))] * 1_000 for s in (0.5, 0.99))
        refused = f", {self.refused} refused" if self.refused else ""
        return (
            f"{what:<44} {len(self.seconds) / elapsed:>8,.0f} accepts/s  "
            f"(p50 {p50:.0f} ms, p99 {p99:.0f} ms{refused})"
        )


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bool:
    """Send one request and read its answer; tell whether it was accepted."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 2")


async def _closed(desk: SignedDesk, requests: Sequence[bytes], connections: int) -> str:
    """Send as fast as the answers come, over so many connections."""
    outcome, waiting = Outcome(), iter(requests)
    address = urlsplit(desk.url)
    started = time.monotonic()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for request in waiting:
            at = time.monotonic()
            if at - started > SECONDS:
                break
            outcome.refused += not await _exchange(reader, writer, request)
            outcome.seconds.append(time.monotonic() - at)
        writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return outcome.told(f"gateway, {connections} connections", time.monotonic() - started)


async def _paced(desk: SignedDesk, requests: Sequence[bytes], what: str) -> str:
    """Send at a rate, whatever the answers do; a late one counts from when it was due."""
    outcome, free = Outcome(), asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]()
    address = urlsplit(desk.url)

    async def send(request: bytes, due: float) -> None:
        try:
            connection = free.get_nowait()
        except asyncio.QueueEmpty:
            connection = await asyncio.open_connection(address.hostname, address.port)
        outcome.refused += not await _exchange(*connection, request)
        outcome.seconds.append(time.monotonic() - due)
        free.put_nowait(connection)

    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, request in enumerate(requests):
            due = started + number / RATE
            if (ahead := due - time.monotonic()) > 0:
                await asyncio.sleep(ahead)
            tasks.create_task(send(request, due))
    elapsed = time.monotonic() - started
    while not free.empty():
        free.get_nowait()[1].close()
    return outcome.told(f"gateway, {RATE:,}/s {what}", elapsed)


def published_ids(kafka: str) -> list[str]:
    """Return the ids of all messages at the head."""
    consumer = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    partitions = [TopicPartition(HEAD, number) for number in range(topic(HEAD).partitions)]
    ends = consumer.end_offsets(partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    found: list[str] = []
    while any(consumer.position(one) < ends[one] for one in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                events = EventBatch.FromString(record.value).events
                found += [event.event_id for event in events if event.HasField("message")]
    consumer.close(autocommit=False)
    return found


def _with_repeats(requests: Sequence[bytes]) -> list[bytes]:
    """Send every fourth request twice: a fifth of what is sent are repeats."""
    return [one for n, r in enumerate(requests) for one in ((r, r) if n % 4 == 0 else (r,))]


def gateway(stack: LocalStack) -> list[str]:
    desk = SignedDesk(stack)
    _spread(stack)
    lines = []
    for connections in CONNECTIONS:
        requests = [desk.request() for _ in range(int(SECONDS * 4_000))]
        lines.append(asyncio.run(_closed(desk, requests, connections)))
    fresh = [desk.request() for _ in range(int(SECONDS * RATE))]
    lines.append(asyncio.run(_paced(desk, fresh, "")))
    some = [desk.request() for _ in range(int(SECONDS * RATE * 0.8))]
    lines.append(asyncio.run(_paced(desk, _with_repeats(some), "with 20 % repeats")))
    published = set(published_ids(stack.env["CARELINE_KAFKA"]))
    wanted = {_event_id(request) for request in (*fresh, *some)}
    lines.append(f"{'of those paced, not in Kafka':<44} {len(wanted - published):>8,}")
    return lines


def _event_id(request: bytes) -> str:
    number = request.partition(b"webhook-id: ")[2].partition(b"\r\n")[0].decode()
    return f"webhook:desk:{number}"


def _spread(stack: LocalStack) -> None:
    """Give the gateway a core of its own where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        _confine(stack["gateway"], {cores[-1]})
        _confine(stack["kafka"], set(cores[:-1]))
        os.sched_setaffinity(0, set(cores[:-1]))


def _confine(process: Process, cores: set[int]) -> None:
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)
