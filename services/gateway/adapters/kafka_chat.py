"""The web chat's screen is a topic: written by whoever speaks, read by every gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from careline.channel.v1.content_pb2 import Attachment, AttachmentKind
from careline.channel.v1.replies_pb2 import QuickReply
from careline.event.v1.event_pb2 import AuthorKind
from careline.gateway.v1.chat_pb2 import MessageShown, TypingNoticed
from services.gateway.bodies import AUTHOR_KINDS
from services.gateway.chat.rooms import ChatRooms
from services.gateway.chat.shown import from_json
from services.gateway.domain import incoming
from services.gateway.domain.chat_history import ShownFile, ShownMessage
from services.gateway.ports import AppendFailedError, RecordLog, UnavailableError
from services.kernel.clock import Clock
from services.kernel.lane.records import (
    CONTENT_TYPE,
    CONTENT_TYPE_HEADER,
    SCHEMA_HEADER,
    Output,
)
from services.kernel.partitioning import partition_of
from services.kernel.topics import Topic, topic

log = structlog.get_logger(__name__)

SHOWN: Final = "chat.message-shown.v1"
TYPING: Final = "chat.typing-noticed.v1"

_KIND_PREFIX = "ATTACHMENT_KIND_"
_AUTHORS = {value: name for name, value in AUTHOR_KINDS.items()}
_PAUSE_SECONDS = 1.0
_POLL_MS = 200
# A sign of typing is worth nothing later.
_SIGN_SECONDS = 2.0
_FETCH_SECONDS = 10.0


class KafkaScreen:
    """Implements ``ChatScreen`` and ``TypingSigns``."""

    def __init__(self, record_log: RecordLog, clock: Clock) -> None:
        self._log = record_log
        self._clock = clock

    async def show(self, thread_key: str, message: Mapping[str, object]) -> None:
        now_us = self._clock.now_us()
        shown = from_json(message, -1, now_us)
        try:
            await self._append(SHOWN, thread_key, encode_shown(thread_key, shown), now_us)
        except AppendFailedError as error:
            raise UnavailableError(str(error)) from error

    async def notice(
        self, thread_key: str, author_kind: incoming.AuthorKind, author_name: str, *, typing: bool
    ) -> None:
        now_us = self._clock.now_us()
        noticed = TypingNoticed(
            thread_key=thread_key,
            author_kind=AUTHOR_KINDS[author_kind],
            author_name=author_name,
            typing=typing,
            noticed_at_us=now_us,
        )
        try:
            async with asyncio.timeout(_SIGN_SECONDS):
                await self._append(TYPING, thread_key, noticed.SerializeToString(), now_us)
        except (AppendFailedError, TimeoutError):
            log.info("a sign of typing was not passed on: the log is away")

    async def _append(self, name: str, thread_key: str, value: bytes, now_us: int) -> None:
        declared = topic(name)
        headers = (
            (CONTENT_TYPE_HEADER, CONTENT_TYPE),
            (SCHEMA_HEADER, declared.schema.encode()),
        )
        partition = partition_of(thread_key, declared.partitions)
        key = thread_key.encode()
        await self._log.append([Output(name, partition, key, value, now_us // 1_000, headers)])


class ChatTail:
    """Reads both topics without a group: what was shown within retention, and what comes."""

    def __init__(self, kafka: str, rooms: ChatRooms) -> None:
        self._kafka = kafka
        self._rooms = rooms
        # How far each partition was read.
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Read until cancelled; Kafka's absence is waited out."""
        while True:
            consumer = _consumer(self._kafka)
            try:
                await consumer.start()
                await self._read(consumer)
            except KafkaError as error:
                log.warning("the chat cannot be read", reason=str(error))
            finally:
                await consumer.stop()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        shown, signs = _partitions(topic(SHOWN)), _partitions(topic(TYPING))
        consumer.assign([*shown, *signs])
        ends = await consumer.end_offsets([*shown, *signs])
        for one in signs:
            consumer.seek(one, ends[one])
        for one in shown:
            if one in self._next:
                consumer.seek(one, self._next[one])
            else:
                await consumer.seek_to_beginning(one)
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS)
            for partition, records in fetched.items():
                for record in records:
                    self._take(partition, record)
                self._next[partition] = await consumer.position(partition)
                await asyncio.sleep(0)
            if not self._rooms.caught_up.is_set():
                positions = [(await consumer.position(one), ends[one]) for one in shown]
                if all(position >= end for position, end in positions):
                    self._rooms.caught_up.set()
                    log.info("the chat's history is here")

    def _take(self, partition: TopicPartition, record: Any) -> None:
        if partition.topic == SHOWN:
            thread_key, message = decode_shown(record.value, record.offset)
            self._rooms.shown(thread_key, message)
            return
        noticed = TypingNoticed.FromString(record.value)
        self._rooms.noticed(
            noticed.thread_key,
            _author(noticed.author_kind),
            noticed.author_name,
            typing=noticed.typing,
        )


class KafkaArchive:
    """Implements ``ChatArchive``: fetches single messages by their numbers, one call at a time."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._busy = asyncio.Lock()

    async def fetch(self, thread_key: str, seqs: Sequence[int]) -> Sequence[ShownMessage]:
        declared = topic(SHOWN)
        at = TopicPartition(SHOWN, partition_of(thread_key, declared.partitions))
        async with self._busy:
            consumer = _consumer(self._kafka)
            try:
                await consumer.start()
                consumer.assign([at])
                start = (await consumer.beginning_offsets([at]))[at]
                found = [
                    message
                    for seq in sorted(seqs)
                    if seq >= start and (message := await _one(consumer, at, seq, thread_key))
                ]
            except (KafkaError, TimeoutError) as error:
                raise UnavailableError("older messages cannot be read now") from error
            finally:
                await consumer.stop()
        return found


async def _one(
    consumer: AIOKafkaConsumer, at: TopicPartition, seq: int, thread_key: str
) -> ShownMessage | None:
    consumer.seek(at, seq)
    async with asyncio.timeout(_FETCH_SECONDS):
        record = await consumer.getone(at)
    found, message = decode_shown(record.value, record.offset)
    return message if (found, message.seq) == (thread_key, seq) else None


def _consumer(kafka: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_POLL_MS,
    )


def _partitions(declared: Topic) -> list[TopicPartition]:
    return [TopicPartition(declared.name, number) for number in range(declared.partitions)]


def encode_shown(thread_key: str, message: ShownMessage) -> bytes:
    return MessageShown(
        thread_key=thread_key,
        message_id=message.message_id,
        author_kind=AUTHOR_KINDS[message.author_kind],
        author_name=message.author_name,
        text=message.text,
        attachments=[
            Attachment(
                kind=AttachmentKind.Value(_KIND_PREFIX + one.kind.upper()),
                media_type=one.media_type,
                name=one.name,
                size_bytes=one.size_bytes,
                blob_ref=one.blob_ref,
                url=one.url,
            )
            for one in message.files
        ],
        quick_replies=[
            QuickReply(title=title, payload=payload) for title, payload in message.quick_replies
        ],
        reply_to_message_id=message.reply_to,
        shown_at_us=message.shown_at_us,
    ).SerializeToString()


def decode_shown(value: bytes, seq: int) -> tuple[str, ShownMessage]:
    told = MessageShown.FromString(value)
    message = ShownMessage(
        seq=seq,
        message_id=told.message_id,
        author_kind=_author(told.author_kind),
        author_name=told.author_name,
        text=told.text,
        shown_at_us=told.shown_at_us,
        reply_to=told.reply_to_message_id,
        files=tuple(
            ShownFile(
                cast(
                    "incoming.AttachmentKind",
                    AttachmentKind.Name(one.kind).removeprefix(_KIND_PREFIX).lower(),
                ),
                one.media_type,
                one.name,
                one.size_bytes,
                one.blob_ref,
                one.url,
            )
            for one in told.attachments
        ),
        quick_replies=tuple((one.title, one.payload) for one in told.quick_replies),
    )
    return told.thread_key, message


def _author(kind: AuthorKind.ValueType) -> incoming.AuthorKind:
    return cast("incoming.AuthorKind", _AUTHORS[kind])
