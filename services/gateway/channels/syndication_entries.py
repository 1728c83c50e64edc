"""One entry of a feed, as feedparser gives it, as a public post."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from time import struct_time

from services.gateway.channels.markup import read_markup, text_of
from services.gateway.channels.public_posts import digest, engagement_event
from services.gateway.domain.fields import ID_LIMIT, TEXT_LIMIT
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    Engagement,
    Identifier,
    IncomingEvent,
    WrittenMessage,
)

_KIND = "syndication"
_URL_LIMIT = 4_096
_MOST_ENCLOSURES = 64
_MOST_DIGITS = 15


def read_entry(entry: Mapping[str, object], language: str) -> list[IncomingEvent]:
    """Return the post, and its counts where the feed shows any. Total."""
    link = _text(entry, "link", _URL_LIMIT)
    title = text_of(_text(entry, "title", TEXT_LIMIT))
    content, spoken = _content(entry)
    body = read_markup(content)
    post_id = _text(entry, "id", _URL_LIMIT) or link or digest(title, body.text)
    if len(post_id) > ID_LIMIT:
        post_id = digest(post_id)
    parent = _parent(entry)
    thread_id = parent or post_id
    author_id, author_name, identifiers = _author(entry)
    written = WrittenMessage(
        message_id=post_id,
        author_kind="customer",
        author_name=author_name,
        text=body.text,
        reply_to_message_id=parent,
        language_hint=spoken or language,
        identifiers=identifiers,
        attachments=(*_enclosures(entry), *body.attachments),
        subject=title,
        is_public=True,
        reply_address=link,
    )
    # Some feeds rewrite an entry's address or pictures: what counts is what it says.
    event_id = f"post:{post_id}:{digest(title, body.text)}"
    at_us = _instant(entry, "published_parsed") or _instant(entry, "updated_parsed")
    told = IncomingEvent(event_id, _KIND, thread_id, written, at_us, author_id)
    counts = Engagement(post_id, replies=_number(entry, "slash_comments"))
    return [told, *engagement_event(_KIND, thread_id, counts)]


def _get(entry: Mapping[str, object], name: str) -> object:
    # Past feedparser's own lookup, which warns and guesses where a field is not there.
    return dict.get(entry, name) if isinstance(entry, dict) else entry.get(name)


def _text(entry: Mapping[str, object], name: str, limit: int = ID_LIMIT) -> str:
    value = _get(entry, name)
    if not isinstance(value, str):
        return ""
    return value.encode(errors="replace").decode()[:limit].strip()


def _number(entry: Mapping[str, object], name: str) -> int | None:
    text = _text(entry, name)
    plain = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if plain else None


def _content(entry: Mapping[str, object]) -> tuple[str, str]:
    """Return the fullest text that the entry gives, and its language."""
    contents = _get(entry, "content")
    if isinstance(contents, list):
        for one in contents:
            if isinstance(one, Mapping) and (found := _text(one, "value", TEXT_LIMIT)):
                return _as_markup(found, one), _text(one, "language", 64)
    detail = _get(entry, "summary_detail")
    summary = _text(entry, "summary", TEXT_LIMIT)
    return (_as_markup(summary, detail) if isinstance(detail, Mapping) else summary), ""


def _as_markup(text: str, detail: Mapping[str, object]) -> str:
    if _text(detail, "type") != "text/plain" or "<" in text:
        return text
    return text.replace("&", "&amp;").replace("\n", "<br>")


def _author(entry: Mapping[str, object]) -> tuple[str, str, tuple[Identifier, ...]]:
    detail = _get(entry, "author_detail")
    detail = detail if isinstance(detail, Mapping) else {}
    name = _text(detail, "name") or _text(entry, "author")
    email = _text(detail, "email")
    identifiers = (Identifier("email", email.lower()),) if "@" in email else ()
    return email or _text(detail, "href") or name, name or email, identifiers


def _parent(entry: Mapping[str, object]) -> str:
    """Return what the entry answers (RFC 4685)."""
    for name in ("thr_in-reply-to", "in-reply-to", "thr_in_reply_to"):
        value = _get(entry, name)
        if isinstance(value, Mapping):
            return _text(value, "ref")
    return ""


def _enclosures(entry: Mapping[str, object]) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for name, key in (("links", "href"), ("media_content", "url")):
        listed = _get(entry, name)
        for one in listed[:_MOST_ENCLOSURES] if isinstance(listed, list) else ():
            if not isinstance(one, Mapping) or not (url := _text(one, key, _URL_LIMIT)):
                continue
            if name == "links" and _text(one, "rel") != "enclosure":
                continue
            media_type = _text(one, "type")
            size = _number(one, "length") or _number(one, "filesize") or 0
            kind = _kind(media_type or _text(one, "medium"))
            if all(url != other.url for other in found):
                found.append(Attachment(kind, url=url, media_type=media_type, size_bytes=size))
    return tuple(found)


def _kind(told: str) -> AttachmentKind:
    kinds: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}
    return kinds.get(told.partition("/")[0].lower(), "file")


def _instant(entry: Mapping[str, object], name: str) -> int | None:
    at = _get(entry, name)
    if not isinstance(at, struct_time):
        return None
    try:
        seconds = calendar.timegm(at)
    except (ValueError, OverflowError):
        return None
    return seconds * 1_000_000 if seconds > 0 else None
