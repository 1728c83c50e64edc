"""Writes the dispatcher's words into the lane's log."""

from __future__ import annotations

import asyncio

from careline.event.v1.event_pb2 import Event, EventBatch
from services.gateway.ports import AppendFailedError, RecordLog
from services.gateway.sending.lane import REPLIES_TOPIC
from services.gateway.sending.progress import address_of
from services.kernel.lane.records import (
    CONTENT_TYPE,
    CONTENT_TYPE_HEADER,
    SCHEMA,
    SCHEMA_HEADER,
    Output,
)
from services.kernel.partitioning import partition_of
from services.kernel.topics import topic

_HEADERS = ((CONTENT_TYPE_HEADER, CONTENT_TYPE), (SCHEMA_HEADER, SCHEMA))


class Journal:
    def __init__(self, log: RecordLog) -> None:
        self._log = log
        self._connecting = asyncio.Lock()
        self._partitions = topic(REPLIES_TOPIC).partitions

    async def write(self, event: Event) -> None:
        """Return once it is durable, however long that takes: it may be written twice."""
        address = address_of(event)
        record = Output(
            topic=REPLIES_TOPIC,
            partition=partition_of(address, self._partitions),
            key=address.encode(),
            value=EventBatch(events=[event]).SerializeToString(),
            timestamp_ms=event.occurred_at_us // 1_000,
            headers=_HEADERS,
        )
        while True:
            try:
                await self._log.append([record])
            except AppendFailedError:
                async with self._connecting:
                    await self._log.connect()
            else:
                return
