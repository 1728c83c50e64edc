"""Brings the cells' topic into a replica, from its beginning and for ever."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.kernel.clock import Clock
from services.kernel.kafka.worker import EXIT_FAILED, Exit
from services.kernel.telemetry import metrics
from services.kpi.replica import Replica, StateRecord
from services.kpi.tables import CELL_TOPIC

log = structlog.get_logger(__name__)

# What is applied without letting others in: some milliseconds.
_CHUNK_RECORDS = 500
_POLL_MS = 500
_NEVER = float("nan")


class CellReader:
    """Reads committed records only, of all partitions, in no consumer group.

    Kafka being away means waiting for it; anything else ends the process, because a replica that
    stands still answers with old figures.
    """

    def __init__(
        self,
        kafka: str,
        replica: Replica,
        clock: Clock,
        *,
        topic: str = CELL_TOPIC,
        exit_process: Exit = os._exit,
    ) -> None:
        self._kafka = kafka
        self._replica = replica
        self._clock = clock
        self._partitions = [TopicPartition(topic, p) for p in range(replica.partitions_total)]
        self._exit = exit_process
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and begin to read beside the caller; ``report`` tells when all is read."""
        self._consumer = consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            isolation_level="read_committed",
            enable_auto_commit=False,
            # A position that the broker does not know ends the process: beginning again in silence
            # would keep what another topic of the same name has never held.
            auto_offset_reset="none",
            max_partition_fetch_bytes=8 * 1024 * 1024,
            fetch_max_wait_ms=_POLL_MS,
        )
        await consumer.start()
        consumer.assign(self._partitions)
        await consumer.seek_to_beginning(*self._partitions)
        ends = await consumer.end_offsets(self._partitions)
        metrics.KPI_LIVE_AGE_SECONDS.set_function(self._live_age_seconds)
        self._task = asyncio.create_task(self._run(consumer, ends))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    def report(self) -> tuple[bool, Mapping[str, object]]:
        replica = self._replica
        return replica.is_complete, {
            "view": "complete" if replica.is_complete else "reading",
            "view_cells": len(replica),
            "view_live_watermark_us": replica.stamp.live_watermark_us,
        }

    async def _run(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        try:
            await self._read(consumer, ends)
        except Exception as error:
            log.critical("cell view failed", exc_info=error)
            self._exit(EXIT_FAILED)

    async def _read(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        unread = [tp for tp in self._partitions if ends[tp] > 0]
        while True:
            if not unread:
                self._replica.is_complete = True
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_CHUNK_RECORDS)
            if fetched:
                await self._replica.take(_state_records(fetched))
                await asyncio.sleep(0)
            unread = [tp for tp in unread if await consumer.position(tp) < ends[tp]]

    def _live_age_seconds(self) -> float:
        watermark_us = self._replica.stamp.live_watermark_us
        return (self._clock.now_us() - watermark_us) / 1_000_000 if watermark_us else _NEVER


def _state_records(fetched: Mapping[TopicPartition, Iterable[ConsumerRecord]]) -> list[StateRecord]:
    return [
        StateRecord(tp.partition, record.key, record.value)
        for tp, records in fetched.items()
        for record in records
    ]
