"""Fetches what messages point to, after they were published: no sender waits for it.

What was fetched is told by an event of its own. A platform's address runs out sooner or later, so
that whatever waits when the process ends is fetched no more; the address stays in the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.gateway.domain.account import Account
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    KeptAttachment,
    WrittenMessage,
)
from services.gateway.ports import UnavailableError
from services.gateway.ports_media import BlobStore, Media, MediaFetcher, MediaRefusedError
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

_MOST_WAITING = 1_000
_AT_ONCE = 4
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 1.0


class EventTaker(Protocol):
    async def take(self, account: Account, events: list[IncomingEvent]) -> object:
        """Return once the events are durable. Raise ``UnavailableError``."""
        ...


@dataclass(frozen=True, slots=True)
class _Wanted:
    account: Account
    event: IncomingEvent
    message_id: str
    position: int
    attachment: Attachment


class MediaKeeper:
    def __init__(self, fetcher: MediaFetcher, blobs: BlobStore, taker: EventTaker) -> None:
        self._fetcher = fetcher
        self._blobs = blobs
        self._taker = taker
        self._waiting: asyncio.Queue[_Wanted] = asyncio.Queue(_MOST_WAITING)

    def notice(self, account: Account, events: Iterable[IncomingEvent]) -> None:
        """Remember what the messages among these point to; returns at once."""
        for event in events:
            if isinstance(event.body, WrittenMessage):
                for position, attachment in enumerate(event.body.attachments):
                    if attachment.url and not attachment.content and attachment.kind != "link":
                        self._want(
                            _Wanted(account, event, event.body.message_id, position, attachment)
                        )

    def _want(self, wanted: _Wanted) -> None:
        try:
            self._waiting.put_nowait(wanted)
        except asyncio.QueueFull:
            _count(wanted, "too_many")

    async def run(self) -> None:
        """Fetch until cancelled. A bug ends it."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            wanted = await self._waiting.get()
            media = await self._fetch(wanted)
            if media is not None:
                await self._tell(wanted, media)

    async def _fetch(self, wanted: _Wanted) -> Media | None:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._fetcher.fetch(wanted.attachment.url)
            except MediaRefusedError as error:
                _count(wanted, "refused", str(error))
                return None
            except ConnectionError as error:
                if attempt == _ATTEMPTS - 1:
                    _count(wanted, "unreachable", str(error))
            await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        return None

    async def _tell(self, wanted: _Wanted, media: Media) -> None:
        while True:
            try:
                reference = await self._blobs.put(media.content)
                await self._taker.take(wanted.account, [_told(wanted, media, reference)])
            except UnavailableError:
                await asyncio.sleep(_FIRST_PAUSE_SECONDS)
            else:
                _count(wanted, "kept")
                return


def _told(wanted: _Wanted, media: Media, reference: str) -> IncomingEvent:
    event = wanted.event
    return IncomingEvent(
        event_id=f"{event.event_id}:media:{wanted.position}",
        channel=event.channel,
        thread_id=event.thread_id,
        body=KeptAttachment(
            message_id=wanted.message_id,
            position=wanted.position,
            blob_ref=reference,
            media_type=media.media_type,
            size_bytes=len(media.content),
        ),
        occurred_at_us=None,
        brand_id=event.brand_id,
    )


def _count(wanted: _Wanted, outcome: str, reason: str = "") -> None:
    metrics.GATEWAY_MEDIA.labels(channel=wanted.account.channel, outcome=outcome).inc()
    if outcome != "kept":
        log.warning(
            "media not kept",
            outcome=outcome,
            reason=reason,
            channel=wanted.account.channel,
            account=wanted.account.account,
            message=wanted.message_id,
        )
