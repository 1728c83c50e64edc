"""A shown message as plain JSON, and as the widget gets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, get_args

from services.gateway.domain.chat_history import ShownFile, ShownMessage
from services.gateway.domain.chat_visitors import ChatTokens
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import AttachmentKind, AuthorKind

# The purposes of the tokens that name a file: to send it along, and to look at it.
SENDABLE: Final = "file"
SEEN: Final = "seen-file"
FILE_SECONDS: Final = 24 * 3600

_AUTHOR_KINDS: tuple[AuthorKind, ...] = get_args(AuthorKind)
_FILE_KINDS: tuple[AttachmentKind, ...] = get_args(AttachmentKind)
_MOST = 100
_URL_LIMIT = 8_192
_NAME_SHOWN = 200


def to_json(message: ShownMessage) -> dict[str, object]:
    """Return it without its number, which it gets where it is shown."""
    return {
        "message_id": message.message_id,
        "author_kind": message.author_kind,
        "author_name": message.author_name,
        "text": message.text,
        "shown_at_us": message.shown_at_us,
        "reply_to": message.reply_to,
        "files": [
            {
                "kind": one.kind,
                "media_type": one.media_type,
                "name": one.name,
                "size_bytes": one.size_bytes,
                "blob_ref": one.blob_ref,
                "url": one.url,
            }
            for one in message.files
        ],
        "quick_replies": [
            {"title": title, "payload": payload} for title, payload in message.quick_replies
        ],
    }


def from_json(message: Mapping[str, object], seq: int, now_us: int) -> ShownMessage:
    """Read what a sender wants shown. Raise ``InvalidRequestError`` that names the field."""
    fields = Fields(message, "message")
    kind = fields.text("author_kind", "agent")
    if kind not in _AUTHOR_KINDS:
        fields.complain("author_kind", f"is {kind!r}; use one of {', '.join(_AUTHOR_KINDS)}")
    return ShownMessage(
        seq=seq,
        message_id=fields.text("message_id"),
        author_kind=kind,
        text=fields.text("text", "", limit=TEXT_LIMIT),
        shown_at_us=fields.integer("shown_at_us") if "shown_at_us" in fields else now_us,
        author_name=fields.text("author_name", ""),
        reply_to=fields.text("reply_to", ""),
        files=tuple(_file(one) for one in fields.objects("files", limit=_MOST)),
        quick_replies=tuple(
            (one.text("title"), one.text("payload", ""))
            for one in fields.objects("quick_replies", limit=_MOST)
        ),
    )


def _file(entry: Fields) -> ShownFile:
    kind = entry.text("kind", "file")
    if kind not in _FILE_KINDS:
        entry.complain("kind", f"is {kind!r}; use one of {', '.join(_FILE_KINDS)}")
    return ShownFile(
        kind=kind,
        media_type=entry.text("media_type", ""),
        name=entry.text("name", ""),
        size_bytes=entry.integer("size_bytes") if "size_bytes" in entry else 0,
        blob_ref=entry.text("blob_ref", ""),
        url=entry.text("url", "", limit=_URL_LIMIT),
    )


def to_frame(message: ShownMessage, tokens: ChatTokens, now_us: int) -> dict[str, object]:
    """Return it as the widget shows it; links to kept files hold for a day."""
    return {
        "type": "message",
        "seq": message.seq,
        "id": message.message_id,
        "author": {"kind": message.author_kind, "name": message.author_name},
        "text": message.text,
        "at_ms": message.shown_at_us // 1_000,
        "reply_to": message.reply_to,
        "files": [
            {
                "kind": one.kind,
                "media_type": one.media_type,
                "name": one.name,
                "size_bytes": one.size_bytes,
                **_where(one, tokens, now_us),
            }
            for one in message.files
        ],
        "quick_replies": [
            {"title": title, "payload": payload} for title, payload in message.quick_replies
        ],
    }


def _where(file: ShownFile, tokens: ChatTokens, now_us: int) -> dict[str, str]:
    if not file.blob_ref:
        return {"url": file.url}
    named = json.dumps([file.blob_ref, file.media_type, file.name[:_NAME_SHOWN]])
    return {"token": tokens.issue(SEEN, named, now_us)}
