"""The indexer's input and its state, as they stand in Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.indexer.domain.conversations import ConversationState
from services.indexer.handlers import CONVERSATIONS
from services.indexer.ports import LogBounds
from services.kernel.kafka.reading import read_state
from services.kernel.lane.progress import SOURCES, WATERMARK, WATERMARK_KEY
from services.kernel.lane.records import Change, Record
from services.kernel.lane.stage import LaneSpec
from services.kernel.lane.state import PartitionState
from services.kernel.lane.timers import TIMELINES, TIMERS
from services.kernel.topics import topic

_POLL_MS = 500
_MAX_RECORDS = 500


class KafkaEventLog:
    """Satisfies :class:`services.indexer.ports.EventLog`."""

    def __init__(self, kafka: str, spec: LaneSpec) -> None:
        self._kafka = kafka
        self._topic = topic(spec.input_topic)
        self._all = [TopicPartition(self._topic.name, p) for p in range(self._topic.partitions)]

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._kafka,
            enable_auto_commit=False,
            # An offset that retention has removed is an error, never a silent jump.
            auto_offset_reset="none",
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )

    async def bounds(self) -> dict[int, LogBounds]:
        consumer = self._consumer()
        await consumer.start()
        try:
            begins = await consumer.beginning_offsets(self._all)
            ends = await consumer.end_offsets(self._all)
        finally:
            await consumer.stop()
        return {tp.partition: LogBounds(begins[tp], ends[tp]) for tp in self._all}

    async def read(
        self, begin: Mapping[int, int], end: Mapping[int, int]
    ) -> AsyncIterator[Sequence[Record]]:
        unread = {
            TopicPartition(self._topic.name, partition): until
            for partition, until in end.items()
            if begin[partition] < until
        }
        if not unread:
            return
        consumer = self._consumer()
        await consumer.start()
        try:
            consumer.assign(list(unread))
            for tp in unread:
                consumer.seek(tp, begin[tp.partition])
            while unread:
                fetched = await consumer.getmany(
                    *unread, timeout_ms=_POLL_MS, max_records=_MAX_RECORDS
                )
                for tp, rows in fetched.items():
                    records = [_record(row) for row in rows if row.offset < unread[tp]]
                    if records:
                        yield records
                for tp in list(unread):
                    if await consumer.position(tp) >= unread[tp]:
                        del unread[tp]
                        consumer.pause(tp)
                await asyncio.sleep(0)
        finally:
            await consumer.stop()


def _record(row: ConsumerRecord[bytes, bytes]) -> Record:
    return Record(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        key=row.key,
        value=row.value or b"",
        timestamp_ms=row.timestamp,
        headers=dict(row.headers),
    )


class KafkaLaneState:
    """Satisfies :class:`services.indexer.ports.LaneState`."""

    def __init__(self, kafka: str, spec: LaneSpec) -> None:
        self._kafka = kafka
        self._spec = spec

    async def snapshot(self) -> RestoredState:
        partitions = range(topic(self._spec.input_topic).partitions)
        return RestoredState(
            self._spec, await read_state(self._kafka, self._spec.state_topic, partitions)
        )


class RestoredState:
    """Satisfies :class:`services.indexer.ports.LaneSnapshot`; conversations are decoded late."""

    def __init__(self, spec: LaneSpec, changes: Mapping[int, Iterable[Change]]) -> None:
        self._partitions = {number: _restored(spec, rows) for number, rows in changes.items()}
        self.applied = {number: _applied(state) for number, state in self._partitions.items()}

    def conversations(self) -> Iterator[ConversationState]:
        for state in self._partitions.values():
            yield from dict(state.table(CONVERSATIONS).items()).values()


def _restored(spec: LaneSpec, changes: Iterable[Change]) -> PartitionState:
    state = PartitionState((WATERMARK, SOURCES, TIMERS, TIMELINES, *spec.tables))
    for key, value in changes:
        if value is not None:
            state.restore(key, value)
    return state


def _applied(state: PartitionState) -> int:
    known = state.table(WATERMARK).get(WATERMARK_KEY)
    return -1 if known is None else known.offset
