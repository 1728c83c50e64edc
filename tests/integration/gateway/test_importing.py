from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from deploy.local.stack import LocalStack
from services.gateway.importing import (
    ImportFailedError,
    ImportProgress,
    ImportTargets,
    import_file,
)
from services.gateway.importing.kafka_head import KafkaHead
from services.gateway.importing.views import IndexedRuns, KafkaLanes, KpiRuns
from services.gateway.importing.visibility import Patience
from services.gateway.replay.mapping import load_mapping
from services.kernel.clock import SystemClock
from services.kernel.elastic.connection import ElasticsearchAccess
from services.kernel.partitioning import partition_of

HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"


def tweets(path: Path, conversations: int) -> Path:
    """Write conversations of a question and its answer, one a minute."""
    rows = [HEADER]
    for number in range(conversations):
        hour, minute = divmod(number, 60)
        at = f"Tue Oct 31 {hour:02}:{minute:02}:00 +0000 2017"
        later = f"Tue Oct 31 {hour:02}:{minute:02}:30 +0000 2017"
        ask, answer = 2 * number + 1, 2 * number + 2
        rows += [
            f"{ask},{100_000 + number},True,{at},@AcmeHelp help {number},{answer},",
            f"{answer},AcmeHelp,False,{later},we are on it {number},,{ask}",
        ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def targets(stack: LocalStack) -> ImportTargets:
    nowhere = "127.0.0.1:9"
    return ImportTargets(
        kafka=stack.env["CARELINE_KAFKA"],
        kpi_address=nowhere,
        elasticsearch=ElasticsearchAccess(f"http://{nowhere}"),
        party_key="a secret of some length",
    )


async def test_a_files_events_reach_the_head_in_order_and_who_is_missing_is_named(
    gateway_stack: LocalStack, read_head: Any, tmp_path: Path
) -> None:
    told: list[ImportProgress] = []
    path = tweets(tmp_path / "tweets.csv", 1_200)

    def import_it() -> None:
        patience = Patience(every_seconds=0.01, without_progress_seconds=0.1)
        with pytest.raises(ImportFailedError, match=r"kpi has .*UNAVAILABLE.*indexer has"):
            import_file(
                path,
                load_mapping("twcs"),
                targets(gateway_stack),
                progress=told.append,
                patience=patience,
            )

    await asyncio.to_thread(import_it)
    head = await read_head()
    recorded = 0
    for partition, events in head.items():
        replayed = [one for one in events if one.timeline.startswith("replay-")]
        times = [one.occurred_at_us for one in replayed]
        assert times == sorted(times)
        kinds = [one.WhichOneof("body") for one in replayed]
        assert (kinds[0], kinds[-1]) == ("timeline_started", "timeline_ended")
        assert kinds.count("tick") >= 4
        messages = [one for one in replayed if one.WhichOneof("body") == "message"]
        assert all(partition_of(one.thread_key, 4) == partition for one in messages)
        recorded += len(messages)
    assert recorded == 2_400
    published = [one for one in told if one.step == "publish"]
    assert (published[-1].done, published[-1].total) == (2_400, 2_400)
    assert {one.step for one in told} >= {"read", "publish", "wait"}


async def test_lanes_that_lag_are_listed_with_how_much(gateway_stack: LocalStack) -> None:
    kafka = gateway_stack.env["CARELINE_KAFKA"]
    # The head's dead letters: nobody else reads or writes them here.
    partition = TopicPartition("intake.event-accepted.v1.dlq", 0)

    def write() -> None:
        with KafkaHead(kafka, partition.topic, SystemClock()) as head:
            for _ in range(100):
                head.append(partition.partition, [])
            head.flush()

    await asyncio.to_thread(write)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, group_id="a.slow-lane", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        await consumer.commit({partition: OffsetAndMetadata(end - 99, "")})
    finally:
        await consumer.stop()

    def look() -> Mapping[str, tuple[int, int]]:
        with closing(KafkaLanes(kafka)) as lanes:
            return lanes.behind()

    assert await asyncio.to_thread(look) == {"a.slow-lane": (99, end - 99)}


UNREACHABLE = """
import sys
from services.gateway.importing import ImportFailedError
from services.gateway.importing.kafka_head import KafkaHead
from services.kernel.clock import SystemClock
try:
    KafkaHead("127.0.0.1:9", "intake.event-accepted.v1", SystemClock())
except ImportFailedError as error:
    sys.exit(str(error))
"""


def test_a_kafka_that_does_not_answer_is_named_and_holds_nobody_up() -> None:
    # A process of its own: kafka-python leaves open what it opened before it gave up.
    ended = subprocess.run(
        [sys.executable, "-c", UNREACHABLE], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "Kafka at 127.0.0.1:9 does not answer" in ended.stderr


def test_views_that_do_not_answer_say_why() -> None:
    kpi = KpiRuns("127.0.0.1:9")
    assert "UNAVAILABLE" in kpi.look("run").trouble
    kpi.close()
    index = IndexedRuns(ElasticsearchAccess("http://127.0.0.1:9"), 4)
    assert "Elasticsearch answers" in index.look("run").trouble
    index.close()
