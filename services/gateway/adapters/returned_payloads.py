"""Gives dead letters that were put back another chance, each until it is durable."""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from google.protobuf.message import DecodeError

from careline.gateway.v1.payload_pb2 import Payload
from services.gateway.channels.registry import CHANNELS
from services.gateway.handlers import RequestIntake
from services.gateway.ports import UnavailableError
from services.gateway.records import RETURNED

log = structlog.get_logger(__name__)

_GROUP = "careline.gateway.returned"
_PAUSE_SECONDS = 1.0


class ReturnedPayloads:
    """Reads ``intake.payload-returned.v1``; the gateways share its partitions.

    A payload's events have the ids they would have had: taking it twice changes nothing.
    """

    def __init__(self, kafka: str, intake: RequestIntake) -> None:
        self._kafka = kafka
        self._intake = intake
        self._channels = {channel.kind: channel for channel in CHANNELS}

    async def run(self) -> None:
        """Read until cancelled; Kafka's absence is waited out."""
        while True:
            consumer = AIOKafkaConsumer(
                RETURNED,
                bootstrap_servers=self._kafka,
                group_id=_GROUP,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            try:
                await consumer.start()
                await self._read(consumer)
            except KafkaError as error:
                log.warning("returned payloads cannot be read", reason=str(error))
            finally:
                await consumer.stop()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        async for record in consumer:
            await self.take(record.value or b"")
            await consumer.commit()

    async def take(self, value: bytes) -> None:
        """Take a returned payload again; what this version cannot take is a letter once more."""
        try:
            payload = Payload.FromString(value)
        except DecodeError:
            payload = Payload(body=value)
        channel = self._channels.get(payload.channel)
        while True:
            try:
                taken = await self._intake.retake(channel, payload)
            except UnavailableError:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            log.info("payload taken again", channel=payload.channel, understood=not taken.kept)
            return
