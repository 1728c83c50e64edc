"""The fault gate: whatever dies, freezes or is cut, every count is exact afterwards."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from careline.event.v1.event_pb2 import EventBatch
from deploy.local.stack import LocalStack
from services.kernel.lane.records import SOURCE_HEADER
from services.kernel.topics import topic
from tests.chaos.day import Expected, write_day
from tests.chaos.faults import Faults, wait_until_healthy

SEEDS = range(int(os.environ.get("CARELINE_CHAOS_SEEDS", "5")))
FIRST_RESPONSE_TARGET = timedelta(hours=1)
THREADS = 1_500
# Far from the numbers of recorded tweets, which other tests replay into the same stack.
FIRST_NUMBER = 9_000_000_000
# The day's ten hours and its stragglers take a minute at the most.
SPEED = "1500"
COMMAND_SECONDS = 600


@pytest.mark.parametrize("seed", SEEDS)
def test_every_count_is_exact_whatever_dies(
    seed: int, whole_stack: LocalStack, tmp_path: Path
) -> None:
    day = tmp_path / "day.csv"
    expected = write_day(
        day,
        seed,
        threads=THREADS,
        target=FIRST_RESPONSE_TARGET,
        first_number=FIRST_NUMBER + seed * 1_000_000,
    )
    wait_until_healthy(whole_stack)
    with Faults(whole_stack, seed) as faults:
        summary = careline(whole_stack, "replay", str(day), "--mapping", "twcs", "--speed", SPEED)
    logging.getLogger(__name__).info("seed %d: %s", seed, "; ".join(faults.done))
    assert faults.done, "the day was over before anything broke: it proves nothing"
    rows = len(expected.event_ids)
    assert summary == {"rows": rows, "accepted": rows, "duplicates": 0, "rejected": 0}
    assert_counts_are_exact(whole_stack, expected)
    assert_every_id_passed_once(whole_stack, expected)
    assert careline(whole_stack, "index", "compare")["equal"] is True


def careline(stack: LocalStack, *arguments: str) -> Any:
    """Run the command as a script would; return the last line's JSON."""
    ran = subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments, "--json"],
        env={**os.environ, "CARELINE_RUN_DIR": str(stack.run_dir)},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"careline {' '.join(arguments)}: {ran.stderr[-2000:]}"
    return json.loads(ran.stdout.splitlines()[-1])


def assert_counts_are_exact(stack: LocalStack, expected: Expected) -> None:
    answer = careline(
        stack,
        *("kpi", "query", "contacts", "replies", "conversations"),
        *("first_response_time", "first_response_breaches", "--group-by", "brand"),
    )
    rows = {
        kpi: {row["group"]["brand"]: row for row in found["rows"]}
        for kpi, found in answer["kpis"].items()
    }
    for brand in expected.conversations:
        counted = {kpi: found.get(brand, {"count": 0})["count"] for kpi, found in rows.items()}
        assert counted == {
            "contacts": expected.contacts[brand],
            "replies": expected.replies[brand],
            "conversations": expected.conversations[brand],
            "first_response_time": len(expected.first_responses[brand]),
            "first_response_breaches": expected.breaches[brand],
        }
        for share, name in ((0.5, "p50"), (0.9, "p90")):
            exact = expected.quantile(brand, share)
            assert rows["first_response_time"][brand][name] == pytest.approx(exact, rel=0.01)


def assert_every_id_passed_once(stack: LocalStack, expected: Expected) -> None:
    """Read the last topic as its readers do, dropping what was taken of a source before."""
    name = "sla.event-clocked.v1"
    consumer = KafkaConsumer(
        bootstrap_servers=stack.env["CARELINE_KAFKA"], enable_auto_commit=False
    )
    partitions = [TopicPartition(name, number) for number in range(topic(name).partitions)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    seen: Counter[str] = Counter()
    sources: set[bytes] = set()
    while any(consumer.position(tp) < ends[tp] for tp in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                source = dict(record.headers)[SOURCE_HEADER]
                if source in sources:
                    continue
                sources.add(source)
                seen.update(
                    event.event_id
                    for event in EventBatch.FromString(record.value).events
                    if event.WhichOneof("body") in {"message", "timer_elapsed"}
                )
    consumer.close()
    doubled = {event_id: count for event_id, count in seen.items() if count > 1}
    assert not doubled
    passed = {event_id.rpartition(":")[2] for event_id in seen}
    assert expected.event_ids <= passed
