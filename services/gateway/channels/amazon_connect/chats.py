"""Chat messages: the finished transcript, the live stream, and calls' live segments."""

from __future__ import annotations

from services.gateway.channels.amazon_connect.contacts import CHANNEL
from services.gateway.channels.loose import Loose
from services.gateway.channels.media_types import kind_of
from services.gateway.channels.transcripts import speaker
from services.gateway.domain.incoming import Attachment, IncomingEvent, WrittenMessage


def is_chat(record: Loose) -> bool:
    return bool(record.text("ContactId")) and isinstance(record.values.get("Transcript"), list)


def read_chat(record: Loose) -> list[IncomingEvent]:
    """Return the messages of a finished chat; who joined and who typed is not said by anybody."""
    thread = record.text("InitialContactId", "ContactId")
    entries = record.objects("Transcript")
    return [event for entry in entries for event in read_message(entry, thread)]


def is_message(record: Loose) -> bool:
    return bool(record.text("ContactId") and record.text("Type") and record.text("Id"))


def read_message(entry: Loose, thread: str = "") -> list[IncomingEvent]:
    if entry.text("Type").upper() not in ("MESSAGE", "ATTACHMENT"):
        return []
    message_id = entry.text("Id")
    kind = speaker(entry.text("ParticipantRole"))
    thread = thread or entry.text("InitialContactId", "ContactId")
    body = WrittenMessage(
        message_id=message_id,
        author_kind=kind,
        author_name=entry.text("DisplayName"),
        text=entry.text("Content"),
        attachments=tuple(
            Attachment(
                kind_of(one.text("ContentType")),
                media_id=one.text("AttachmentId"),
                media_type=one.text("ContentType"),
                name=one.text("AttachmentName"),
            )
            for one in entry.objects("Attachments")
        ),
    )
    author = entry.text("ParticipantId") if kind != "system" else ""
    at_us = entry.moment_us("AbsoluteTime")
    return [IncomingEvent(message_id, CHANNEL, thread, body, at_us, author_id=author)]


def is_live_segments(record: Loose) -> bool:
    return bool(record.text("ContactId")) and isinstance(record.values.get("Segments"), list)


def read_live_segments(record: Loose) -> list[IncomingEvent]:
    """Return what was said in a call under way; guesses and categories are left out."""
    contact = record.text("ContactId")
    found = []
    for segment in record.objects("Segments"):
        said = segment.object("Transcript")
        if not (said.text("Content") and said.text("Id")):
            continue
        kind = speaker(said.text("ParticipantRole"))
        body = WrittenMessage(
            message_id=said.text("Id"),
            author_kind=kind,
            author_name="",
            text=said.text("Content"),
            payload="transcript",
        )
        found.append(IncomingEvent(said.text("Id"), CHANNEL, contact, body, None))
    return found
