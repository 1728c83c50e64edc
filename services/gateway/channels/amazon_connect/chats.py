"""Chat messages: the finished transcript, the live stream, and calls' live segments."""

from __future__ import annotations

from services.gateway.channels.amazon_connect.contacts import CHANNEL
from services.gateway.channels.loose import Loose, read_object
from services.gateway.channels.media_types import kind_of
from services.gateway.channels.transcripts import speaker
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import Attachment, IncomingEvent, WrittenMessage


def is_chat(record: Loose) -> bool:
    """Tell whether it is a chat's transcript: of a finished one, an analysed one, or the API's."""
    entries = record.objects("Transcript")
    return any(entry.text("Type") and "AbsoluteTime" in entry for entry in entries)


def read_chat(record: Loose) -> list[IncomingEvent]:
    """Return the messages of a finished chat; who joined and who typed is not said by anybody."""
    contact = record.object("CustomerMetadata").text("ContactId")
    thread = record.text("InitialContactId", "ContactId") or contact
    people = {one.text("ParticipantId"): one for one in record.objects("Participants")}
    entries = [
        Loose({**people.get(entry.text("ParticipantId"), Loose()).values, **entry.values})
        for entry in record.objects("Transcript")
    ]
    return [event for entry in entries for event in read_message(entry, thread)]


def is_message(record: Loose) -> bool:
    told = "AbsoluteTime" in record or "ContactId" in record
    return told and bool(record.text("Type") and record.text("Id"))


def read_message(entry: Loose, thread: str = "") -> list[IncomingEvent]:
    if entry.text("Type").upper() not in ("MESSAGE", "ATTACHMENT"):
        return []
    thread = thread or entry.text("InitialContactId", "ContactId")
    return [_said(entry, thread, entry.moment_us("AbsoluteTime"))]


def is_live_segments(record: Loose) -> bool:
    segments = record.objects("Segments")
    told = any(name in one for one in segments for name in ("Transcript", "Utterance"))
    return told or any("Attachments" in one for one in segments)


def read_live_segments(record: Loose) -> list[IncomingEvent]:
    """Return what was said in a contact under way; guesses and categories are left out."""
    contact = record.text("ContactId")
    found = []
    for segment in record.objects("Segments"):
        said = segment.object("Transcript") or segment.object("Attachments")
        if not said.text("Id") or not (said.text("Content") or "Attachments" in said):
            continue
        at_us = said.object("Time").moment_us("AbsoluteTime")
        # Of a chat it tells when; of a call only how long after its beginning.
        found.append(_said(said, contact, at_us, payload="" if at_us else "transcript"))
    return found


def _said(entry: Loose, thread: str, at_us: int | None, payload: str = "") -> IncomingEvent:
    kind = speaker(entry.text("ParticipantRole"))
    body = WrittenMessage(
        message_id=entry.text("Id"),
        author_kind=kind,
        author_name=entry.text("DisplayName"),
        text=_text(entry),
        attachments=_attachments(entry),
        payload=payload,
    )
    author = entry.text("ParticipantId") if kind != "system" and not payload else ""
    return IncomingEvent(body.message_id, CHANNEL, thread, body, at_us, author_id=author)


def _text(entry: Loose) -> str:
    """Return what was written; of a message with choices its title and the choices."""
    content = entry.text("Content")
    if "interactive" not in entry.text("ContentType"):
        return content
    try:
        shown = read_object(content.encode(errors="replace")).object("data").object("content")
    except InvalidRequestError:
        return content
    choices = [f"- {one.text('title')}" for one in shown.objects("elements") if one.text("title")]
    lines = [shown.text("title"), shown.text("subtitle"), *choices]
    return "\n".join(filter(None, lines)) or content


def _attachments(entry: Loose) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            kind_of(one.text("ContentType")),
            media_id=one.text("AttachmentId"),
            media_type=one.text("ContentType"),
            name=one.text("AttachmentName"),
        )
        for one in entry.objects("Attachments")
    )
