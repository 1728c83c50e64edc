"""A status and a notification of Mastodon, in the gateway's words."""

from __future__ import annotations

import json
from typing import TypeAlias

from services.gateway.channels.markup import text_of
from services.gateway.channels.public_posts import count, digest, engagement_event, identifier
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    Engagement,
    IncomingEvent,
    Reaction,
    UnrecognisedEvent,
    WrittenMessage,
)

# User names with or without their server, lower case, of those who write for the organisation.
Own: TypeAlias = frozenset[str]

_KIND = "mastodon"
_PUBLIC = ("public", "unlisted")
_WRITTEN = ("mention", "status", "update", "quote", "quoted_update")
_REACTIONS = {"favourite": "favourite", "reblog": "reblog"}
_MOST_MEDIA = 64
_URL_LIMIT = 4_096
_MEDIA: dict[str, AttachmentKind] = {
    "image": "image",
    "gifv": "video",
    "video": "video",
    "audio": "audio",
}


def read_status(status: Fields, own: Own) -> list[IncomingEvent]:
    """Return the message and its counts; a reblog tells of a reaction to another's status."""
    status_id = identifier(status, "id")
    author = status.object("account")
    author_id = identifier(author, "id")
    at_us = status.instant("created_at")
    if "reblog" in status:
        shared = status.object("reblog")
        shared_id = identifier(shared, "id")
        reaction = Reaction(shared_id, "reblog")
        thread_id = _thread(shared)
        event_id = f"reblog:{shared_id}:{author_id}"
        return [
            IncomingEvent(event_id, _KIND, thread_id, reaction, at_us, author_id),
            *_counts(shared, thread_id),
        ]
    thread_id = _thread(status)
    event_id = f"status:{status_id}"
    edited_at_us = status.instant("edited_at")
    if edited_at_us is not None:
        event_id += f":{edited_at_us}"
        at_us = edited_at_us
    body = _message(status, author, own, edited=edited_at_us is not None)
    return [
        IncomingEvent(event_id, _KIND, thread_id, body, at_us, author_id),
        *_counts(status, thread_id),
    ]


def read_notification(notification: Fields, own: Own, raw: bytes) -> list[IncomingEvent]:
    kind = notification.text("type")
    if kind in _WRITTEN and "status" in notification:
        return read_status(notification.object("status"), own)
    at_us = notification.instant("created_at")
    author_id = ""
    if "account" in notification:
        author_id = identifier(notification.object("account"), "id")
    if kind in _REACTIONS:
        status = notification.object("status")
        status_id, thread_id = identifier(status, "id"), _thread(status)
        reaction = Reaction(status_id, _REACTIONS[kind])
        event_id = f"{kind}:{status_id}:{author_id}"
        return [
            IncomingEvent(event_id, _KIND, thread_id, reaction, at_us, author_id),
            *_counts(status, thread_id),
        ]
    number = identifier(notification, "id", "") or digest(kind, author_id, str(at_us))
    payload = raw or json.dumps({"type": kind, "id": number}).encode()
    body = UnrecognisedEvent(kind, payload)
    return [IncomingEvent(f"notification:{number}", _KIND, "", body, at_us, author_id)]


def _message(status: Fields, author: Fields, own: Own, *, edited: bool) -> WrittenMessage:
    is_public = status.text("visibility", "public") in _PUBLIC
    name = author.text("acct", "") or author.text("username", "")
    content = status.text("content", "", limit=TEXT_LIMIT)
    # The writer's own words, where they come along.
    text = status.text("text", "", limit=TEXT_LIMIT) or text_of(content)
    ours = {name.lower(), author.text("username", "").lower() if "@" not in name else ""}
    return WrittenMessage(
        message_id=identifier(status, "id"),
        author_kind="agent" if ours & own else "bot" if author.flag("bot") else "customer",
        author_name=author.text("display_name", "") or name,
        text=text,
        reply_to_message_id=identifier(status, "in_reply_to_id", ""),
        language_hint=status.text("language", ""),
        edited=edited,
        attachments=_attachments(status),
        # A content warning is what a status has for a title.
        subject=status.text("spoiler_text", "", limit=TEXT_LIMIT),
        is_public=is_public,
        reply_address="|".join(
            (identifier(status, "id"), name, status.text("visibility", "public"))
        ),
    )


def _thread(status: Fields) -> str:
    """Return the answered status, else its own id; the source replaces it by the thread's root."""
    return identifier(status, "in_reply_to_id", "") or identifier(status, "id")


def _counts(status: Fields, thread_id: str) -> list[IncomingEvent]:
    shown = Engagement(
        identifier(status, "id"),
        likes=count(status, "favourites_count"),
        shares=count(status, "reblogs_count"),
        replies=count(status, "replies_count"),
    )
    return engagement_event(_KIND, thread_id, shown)


def _attachments(status: Fields) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            _MEDIA.get(one.text("type", "unknown"), "file"),
            media_id=identifier(one, "id", ""),
            url=one.text("url", "", limit=_URL_LIMIT)
            or one.text("remote_url", "", limit=_URL_LIMIT),
            name=one.text("description", "", limit=TEXT_LIMIT),
        )
        for one in status.objects("media_attachments", limit=_MOST_MEDIA)
    )
