"""The log is Kafka: one idempotent producer, replaced when it can no longer be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka.errors import KafkaError, KafkaTimeoutError

from services.gateway.ports import AppendFailedError
from services.kernel.kafka.writing import OutputWriter
from services.kernel.lane.records import Output

log = structlog.get_logger(__name__)

_RECONNECT_SECONDS = 1.0
_STOP_SECONDS = 3.0
_CLIENT_ID = "careline-gateway"


class KafkaLog:
    """Implements ``RecordLog``.

    The producer keeps trying while brokers are away, with its sequence numbers intact; so an
    attempt that was given up may succeed later, and the same producer then goes on.
    """

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._writer: OutputWriter | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        said = False
        while self._writer is None:
            writer = OutputWriter(self._kafka, _CLIENT_ID)
            started = False
            try:
                await writer.start()
                started = True
            except KafkaError as error:
                if not said:
                    log.warning("Kafka does not answer", kafka=self._kafka, reason=str(error))
                said = True
            finally:
                if not started:
                    await writer.stop()
            if started:
                self._writer = writer
                log.info("connected to Kafka", kafka=self._kafka)
            else:
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def append(self, records: Sequence[Output]) -> None:
        writer = self._writer
        if writer is None:
            raise AppendFailedError("not connected")
        try:
            await writer.write(records)
        except KafkaTimeoutError as error:
            # Not sent yet, for earlier records still wait: the producer is as good as before.
            raise AppendFailedError("earlier records still wait for the brokers") from error
        except KafkaError as error:
            self._discard(writer)
            raise AppendFailedError(f"{type(error).__name__}: {error}") from error

    def _discard(self, writer: OutputWriter) -> None:
        """Let a producer go: a failed batch leaves a hole in its sequence numbers."""
        if self._writer is writer:
            self._writer = None
            task = asyncio.create_task(writer.stop())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        """Leave within a few seconds: what the producer still holds is in the spool as well."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._leaving.add(asyncio.create_task(writer.stop()))
        if self._leaving:
            _, stuck = await asyncio.wait(self._leaving, timeout=_STOP_SECONDS)
            for task in stuck:
                task.cancel()
