"""Events per second through a lane: Faust, durable fenced state, four partitions, one core."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from careline.conversation.v1.facts_pb2 import Fact, FactKind, Facts
from careline.event.v1.event_pb2 import AuthorKind, Event, EventBatch, Message
from services.kernel.kafka.admin import apply_topics

PARTITIONS = 4
THREADS = 20_000
BRANDS = 90
_AGENT = AuthorKind.AUTHOR_KIND_AGENT
_CUSTOMER = AuthorKind.AUTHOR_KIND_CUSTOMER
START_US = 1_767_225_600_000_000
WORKER_SECONDS = 300


def lane_throughput(kafka: str) -> Iterator[str]:
    """Yield a line per batch size; the worker is pinned to one core, the broker has the other."""
    for per_record, events in ((1, 60_000), (10, 400_000), (50, 1_000_000), (200, 2_000_000)):
        topics = ("identity.event-identified.v1", "insight.event-understood.v1")
        _empty(kafka, (*topics, "insight.understand-state.v1"), "bench.count")
        _fill(kafka, topics[0], events, per_record, facts=False)
        yield _line(f"lane, {per_record} events a record", _work(kafka, "count", events))


def kpi_fold(kafka: str) -> Iterator[str]:
    for per_record, events in ((50, 600_000), (200, 1_000_000)):
        _empty(kafka, ("sla.event-clocked.v1", "kpi.cell-changed.v1"), "kpi.fold")
        _fill(kafka, "sla.event-clocked.v1", events, per_record, facts=True)
        yield _line(f"KPI fold, {per_record} events a record", _work(kafka, "kpi", events))


def _line(what: str, figures: dict[str, float]) -> str:
    wall = figures["events"] / figures["seconds"]
    return (
        f"{what:<36} {wall:>10,.0f} events/s  ({figures['events'] / figures['cpu']:,.0f} per CPU s)"
    )


def _work(kafka: str, lane: str, events: int) -> dict[str, float]:
    pin = ["taskset", "--cpu-list", "0"] if shutil.which("taskset") else []
    ran = subprocess.run(
        [*pin, sys.executable, "-m", "tests.bench.lane_worker", kafka, lane, str(events)],
        capture_output=True,
        text=True,
        timeout=WORKER_SECONDS,
        check=False,
    )
    if ran.returncode != 0:
        raise RuntimeError(f"the lane failed:\n{ran.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def _empty(kafka: str, topics: tuple[str, ...], group: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    existing = set(admin.list_topics())
    admin.delete_topics([name for name in topics if name in existing])
    admin.delete_groups([group])
    while set(topics) & set(admin.list_topics()):
        pass
    admin.close()
    apply_topics(kafka)


def _fill(kafka: str, topic: str, events: int, per_record: int, *, facts: bool) -> None:
    producer = KafkaProducer(
        bootstrap_servers=kafka, compression_type="lz4", linger_ms=20, batch_size=512 * 1024
    )
    for record in range(events // per_record):
        first = record * per_record
        batch = EventBatch(
            events=[_event(first + number, facts=facts) for number in range(per_record)]
        )
        producer.send(topic, batch.SerializeToString(), partition=record % PARTITIONS)
    producer.flush()
    producer.close()


def _event(number: int, *, facts: bool) -> Event:
    at_us = START_US + number * 20_000
    is_reply = number % 2 == 1
    event = Event(
        event_id=f"bench:{number}",
        organisation_id="acme",
        brand_id=f"brand-{number % BRANDS}",
        channel="x",
        account_id="acme",
        timeline="live",
        occurred_at_us=at_us,
        accepted_at_us=at_us,
        thread_key=f"acme/x/{number % THREADS}",
        party_key=f"{number % THREADS:032x}",
        message=Message(
            message_id=str(number),
            author_kind=AuthorKind.AUTHOR_KIND_AGENT
            if is_reply
            else AuthorKind.AUTHOR_KIND_CUSTOMER,
            text="My parcel should have come on Tuesday and nobody tells me where it is now.",
        ),
    )
    if facts:
        told = [
            Fact(
                kind=FactKind.FACT_KIND_REPLY if is_reply else FactKind.FACT_KIND_CONTACT,
                sign=1,
                at_us=at_us,
            )
        ]
        if number % 10 == 1:
            duration_us = 1_000_000 * (1 + number % 5_000)
            told.append(
                Fact(
                    kind=FactKind.FACT_KIND_FIRST_RESPONSE,
                    sign=1,
                    at_us=at_us,
                    duration_us=duration_us,
                )
            )
        event.conversation.CopyFrom(
            Facts(
                conversation_id=f"cv_{number % THREADS}",
                brand_id=event.brand_id,
                channel="x",
                facts=told,
            )
        )
    return event
