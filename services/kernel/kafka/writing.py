"""Writing whole batches to explicit partitions, and state in fenced transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer

from services.kernel.lane.records import Change, Output

_MAX_BATCH_BYTES = 1024 * 1024
_MAX_REQUEST_BYTES = 4 * 1024 * 1024
_TRANSACTION_TIMEOUT_MS = 60_000


_Row = tuple[bytes | None, bytes | None, int | None, Sequence[tuple[str, bytes]]]


async def _send_all(
    producer: AIOKafkaProducer,
    topic: str,
    partition: int,
    rows: Iterable[_Row],
) -> list[asyncio.Future[object]]:
    """Queue rows (key, value, timestamp in ms, headers) in order; return the batches' futures."""
    acknowledgements: list[asyncio.Future[object]] = []
    builder = producer.create_batch()
    for key, value, timestamp, headers in rows:
        added = builder.append(key=key, value=value, timestamp=timestamp, headers=list(headers))
        if added is None:
            acknowledgements.append(await producer.send_batch(builder, topic, partition=partition))
            builder = producer.create_batch()
            builder.append(key=key, value=value, timestamp=timestamp, headers=list(headers))
    if builder.record_count():
        acknowledgements.append(await producer.send_batch(builder, topic, partition=partition))
    return acknowledgements


class OutputWriter:
    """The lane's ordinary, idempotent producer."""

    def __init__(self, kafka: str, client_id: str) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=kafka,
            client_id=client_id,
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            max_batch_size=_MAX_BATCH_BYTES,
            max_request_size=_MAX_REQUEST_BYTES,
        )

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        await self._producer.stop()

    async def write(self, outputs: Sequence[Output]) -> None:
        """Write all outputs, each partition's in order, and wait for every acknowledgement."""
        targets: dict[tuple[str, int], list[Output]] = {}
        for output in outputs:
            targets.setdefault((output.topic, output.partition), []).append(output)
        acknowledgements: list[asyncio.Future[object]] = []
        for (topic, partition), rows in targets.items():
            acknowledgements += await _send_all(
                self._producer,
                topic,
                partition,
                ((row.key, row.value, row.timestamp_ms, row.headers) for row in rows),
            )
        await asyncio.gather(*acknowledgements)


class StateWriter:
    """One transactional producer per owned partition: whoever comes later fences the earlier."""

    def __init__(self, kafka: str, lane: str, state_topic: str) -> None:
        self._kafka = kafka
        self._lane = lane
        self._topic = state_topic
        self._producers: dict[int, AIOKafkaProducer] = {}

    async def own(self, partitions: Iterable[int]) -> None:
        """Fence every earlier owner of these partitions; only then may their state be read."""
        await self.disown()
        self._producers = {
            partition: AIOKafkaProducer(
                bootstrap_servers=self._kafka,
                client_id=f"{self._lane}-{partition}",
                transactional_id=f"{self._lane}-{partition}",
                transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
                compression_type="lz4",
                max_batch_size=_MAX_BATCH_BYTES,
                max_request_size=_MAX_REQUEST_BYTES,
            )
            for partition in partitions
        }
        await asyncio.gather(*(producer.start() for producer in self._producers.values()))

    async def disown(self) -> None:
        producers, self._producers = self._producers, {}
        await asyncio.gather(*(producer.stop() for producer in producers.values()))

    async def write(self, changes: dict[int, Sequence[Change]]) -> None:
        """Write each partition's changes as one transaction, the partitions side by side."""
        await asyncio.gather(
            *(self._write_one(partition, rows) for partition, rows in changes.items())
        )

    async def _write_one(self, partition: int, rows: Sequence[Change]) -> None:
        producer = self._producers[partition]
        await producer.begin_transaction()
        acknowledgements = await _send_all(
            producer, self._topic, partition, ((key, value, None, ()) for key, value in rows)
        )
        await asyncio.gather(*acknowledgements)
        await producer.commit_transaction()
