"""The head as a replay writes to it: kafka-python's producer, for no event loop runs here."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from careline.event.v1.event_pb2 import Event
from services.gateway.importing.errors import ImportFailedError
from services.gateway.records import event_record
from services.kernel.clock import Clock
from services.kernel.telemetry.tracing import traceparent_from

# Records on their way: enough to keep the brokers busy, and a bound for the memory.
_IN_FLIGHT = 64
_BATCH_BYTES = 256 * 1024
_REQUEST_BYTES = 4 * 1024 * 1024
_CONNECT_MS = 10_000
_DELIVERY_MS = 120_000


class KafkaHead:
    """Implements ``ReplayLog``; a context manager. One trace covers the whole run."""

    def __init__(self, kafka: str, topic: str, clock: Clock) -> None:
        self._kafka = kafka
        self._topic = topic
        self._clock = clock
        self._trace = traceparent_from(None)
        self._unacknowledged: deque[Any] = deque()
        try:
            self._producer = KafkaProducer(
                bootstrap_servers=kafka,
                client_id="careline-replay",
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                # Order holds without trusting retries to keep it.
                max_in_flight_requests_per_connection=1,
                batch_size=_BATCH_BYTES,
                max_request_size=_REQUEST_BYTES,
                bootstrap_timeout_ms=_CONNECT_MS,
                delivery_timeout_ms=_DELIVERY_MS,
                allow_auto_create_topics=False,
            )
        except KafkaError as error:
            raise ImportFailedError(
                f"Kafka at {kafka} does not answer ({error}): start it, or set CARELINE_KAFKA"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an error nobody waits for what is still on its way.
        self._producer.close(timeout=None if kind is None else 0)

    def append(self, partition: int, events: Sequence[Event]) -> None:
        record = event_record(self._topic, partition, events, self._trace, self._clock.now_us())
        try:
            sent = self._producer.send(
                record.topic,
                value=record.value,
                headers=list(record.headers),
                partition=record.partition,
                timestamp_ms=record.timestamp_ms,
            )
        except KafkaError as error:
            raise self._failed(error) from error
        self._unacknowledged.append(sent)
        while len(self._unacknowledged) > _IN_FLIGHT:
            self._await_oldest()

    def flush(self) -> None:
        while self._unacknowledged:
            self._await_oldest()

    def _await_oldest(self) -> None:
        try:
            self._unacknowledged.popleft().get(timeout=_DELIVERY_MS / 1_000)
        except KafkaError as error:
            raise self._failed(error) from error

    def _failed(self, error: KafkaError) -> ImportFailedError:
        return ImportFailedError(
            f"Kafka at {self._kafka} did not take a record of {self._topic} "
            f"({type(error).__name__}: {error}). Look at the broker, then import again: nothing "
            "is doubled"
        )
