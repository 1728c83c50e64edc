"""Keeps every event small enough for the log: what is too large lies in the blob store instead.

A record that the brokers refuse for its size would be refused for ever, and everything behind it
with it.
"""

from __future__ import annotations

import structlog

from careline.channel.v1.content_pb2 import Attachment, AttachmentKind
from careline.event.v1.event_pb2 import Event, Message, Unrecognised
from services.gateway.ports_media import BlobStore

log = structlog.get_logger(__name__)

# What is kept raw travels along the lanes up to this.
LARGEST_RAW_BYTES = 64 * 1024
# So much of a text is shown; the whole of it hangs on the message as a file.
LARGEST_TEXT_BYTES = 256 * 1024
# Well below the topics' max.message.bytes: every lane adds its part. The largest request fits.
LARGEST_EVENT_BYTES = 1536 * 1024

_TEXTS = ("text", "quoted_text", "signature")


async def fit(event: Event, blobs: BlobStore) -> None:
    """Make an event fit; it stays as it is unless it is large."""
    if event.ByteSize() <= LARGEST_RAW_BYTES:
        return
    if event.HasField("unrecognised"):
        event.raw_ref = await blobs.put(event.unrecognised.payload)
        event.unrecognised.payload = b""
    elif event.HasField("message"):
        for name in _TEXTS:
            await _cut(event.message, name, blobs)
    if event.ByteSize() > LARGEST_EVENT_BYTES:
        await _replace(event, blobs)


async def _cut(message: Message, name: str, blobs: BlobStore) -> None:
    whole = getattr(message, name).encode()
    if len(whole) <= LARGEST_TEXT_BYTES:
        return
    setattr(message, name, whole[:LARGEST_TEXT_BYTES].decode(errors="ignore"))
    message.attachments.append(
        Attachment(
            kind=AttachmentKind.ATTACHMENT_KIND_FILE,
            media_type="text/plain",
            name=f"{name}.txt",
            size_bytes=len(whole),
            blob_ref=await blobs.put(whole),
        )
    )


async def _replace(event: Event, blobs: BlobStore) -> None:
    """Record that something came which is too large to be told, and where it is kept."""
    body = event.WhichOneof("body") or ""
    log.warning("an event is too large", channel=event.channel, body=body, bytes=event.ByteSize())
    if not event.raw_ref:
        event.raw_ref = await blobs.put(event.SerializeToString())
    event.unrecognised.CopyFrom(Unrecognised(type=f"{body}.too_large"))
