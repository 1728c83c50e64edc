"""A forum's chat: its channels are public where they belong to a category."""

from __future__ import annotations

from services.gateway.channels.discourse_posts import Forum
from services.gateway.channels.markup import text_of
from services.gateway.channels.public_posts import digest, identifier
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    WrittenMessage,
)

_MOST_UPLOADS = 100
_KINDS: dict[str, AttachmentKind] = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "heic", "avif"), "image"),
    **dict.fromkeys(("mp4", "mov", "webm", "m4v"), "video"),
    **dict.fromkeys(("mp3", "ogg", "wav", "m4a", "opus"), "audio"),
}


def read_chat(chat: Fields, event: str, forum: Forum) -> list[IncomingEvent]:
    """Chat and posts number their messages apart: a chat's carry "chat:" in front."""
    message = chat.object("message")
    channel = chat.object("channel") if "channel" in chat else message
    channel_id = identifier(channel, "id" if channel is not message else "chat_channel_id")
    number = identifier(message, "id")
    message_id, thread_id = f"chat:{number}", f"chat:{channel_id}"
    if thread := identifier(message, "thread_id", ""):
        thread_id += f":{thread}"
    author = message.object("user")
    author_id = identifier(author, "id")
    trashed = event == "chat_message_trashed" or (not event and "deleted_at" in message)
    restored = event == "chat_message_restored"
    edited = restored or event == "chat_message_edited" or message.flag("edited")
    text = message.text("message", "", limit=TEXT_LIMIT) or text_of(
        message.text("cooked", "", limit=TEXT_LIMIT)
    )
    at_us = message.instant("created_at")
    event_id = message_id
    body: IncomingBody
    if trashed:
        body = MessageDeletion(message_id)
        event_id += ":trashed"
        at_us = message.instant("deleted_at") or at_us
    else:
        body = WrittenMessage(
            message_id=message_id,
            author_kind=forum.author_kind(author, author_id),
            author_name=author.text("name", "") or author.text("username", ""),
            text=text,
            reply_to_message_id=_reply_to(message),
            edited=edited,
            attachments=_uploads(message, forum),
            subject=channel.text("title", ""),
            is_public=channel.text("chatable_type", "Category") == "Category",
            reply_address=f"{thread_id}|{number}",
        )
        if edited:
            # Nothing tells when it was changed: created_at stays.
            event_id += f":edited:{digest(text, str(restored))}"
            at_us = None
    return [IncomingEvent(event_id, "discourse", thread_id, body, at_us, author_id)]


def _reply_to(message: Fields) -> str:
    if "in_reply_to" not in message:
        return ""
    return f"chat:{identifier(message.object('in_reply_to'), 'id')}"


def _uploads(message: Fields, forum: Forum) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            _KINDS.get(upload.text("extension", "").lower(), "file"),
            media_id=identifier(upload, "id", ""),
            url=forum.url(upload.text("url", "", limit=4096)),
            name=upload.text("original_filename", ""),
            size_bytes=max(0, upload.integer("filesize")) if "filesize" in upload else 0,
        )
        for upload in message.objects("uploads", limit=_MOST_UPLOADS)
    )
