"""Posts of the Account Activity API: statuses of version 1.1."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from services.gateway.channels.platform_json import child, milliseconds
from services.gateway.channels.x.media import MOST_MEDIA, attachment, point
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    Location,
    MessageDeletion,
    Reaction,
    WrittenMessage,
)

KIND = "x"
LIKE = "like"
_CREATED_AT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d) (\d{4})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# X's own names of "no language" beside BCP 47's.
_NO_LANGUAGES = ("und", "zxx", "qam", "qct", "qht", "qme", "qst", "art")


def unescaped(text: str) -> str:
    """Undo what X escapes in texts: three characters, and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def post(status: Fields, own_id: str) -> IncomingEvent:
    """Read a post. ``own_id`` is the organisation's account, whose posts are an agent's.

    Version 1.1 does not name a conversation's root, so the thread is the post that was answered,
    else the post itself.
    """
    author = status.object("user")
    author_id = user_id(author)
    shared, quoted = child(status, "retweeted_status"), child(status, "quoted_status")
    text = full_text(status)
    if shared.names():
        text = f"RT @{child(shared, 'user').text('screen_name', '')}: {full_text(shared)}"
    first_id, edited = _first_version(status)
    body = WrittenMessage(
        message_id=first_id,
        author_kind="agent" if author_id == own_id else "customer",
        author_name=name_of(author),
        text=text,
        reply_to_message_id=status.identifier("in_reply_to_status_id_str", "")
        or status.identifier("in_reply_to_status_id", ""),
        language_hint=language(status),
        edited=edited,
        attachments=_attachments(status),
        location=_location(status),
        quoted_text=full_text(quoted) if quoted.names() and not shared.names() else "",
        is_public=True,
        reply_address=author_id,
    )
    thread = root(shared) if shared.names() else root(status)
    return IncomingEvent(post_id(status), KIND, thread, body, written_at_us(status), author_id)


def like(entry: Fields) -> IncomingEvent:
    liked, user = entry.object("favorited_status"), entry.object("user")
    return IncomingEvent(
        event_id=entry.identifier("id", "") or f"{user_id(user)}:{post_id(liked)}:{LIKE}",
        channel=KIND,
        thread_id=root(liked),
        body=Reaction(post_id(liked), LIKE),
        occurred_at_us=written_at_us(entry),
        author_id=user_id(user),
    )


def deletion(entry: Fields) -> IncomingEvent:
    """Read a deletion; of the thread X says nothing, so it is taken for its own root."""
    status = entry.object("status")
    deleted = status.identifier("id")
    return IncomingEvent(
        event_id=f"{deleted}:deleted",
        channel=KIND,
        thread_id=deleted,
        body=MessageDeletion(deleted),
        occurred_at_us=milliseconds(entry, "timestamp_ms"),
        author_id=status.identifier("user_id", ""),
    )


def post_id(status: Fields) -> str:
    return status.identifier("id_str", "") or status.identifier("id")


def user_id(user: Fields) -> str:
    return user.identifier("id_str", "") or user.identifier("id")


def name_of(user: Fields) -> str:
    return (
        user.text("name", "", limit=TEXT_LIMIT)
        or user.text("screen_name", "")
        or user.text("username", "")
    )


def root(status: Fields) -> str:
    """Return the id of the post that began it, as far as the post tells."""
    names = ("conversation_id_str", "conversation_id")
    replies = ("in_reply_to_status_id_str", "in_reply_to_status_id")
    for name in (*names, *replies):
        if found := status.identifier(name, ""):
            return found
    return post_id(status)


def full_text(status: Fields) -> str:
    """Return the whole text: long posts carry a shortened one beside it."""
    note = child(status, "note_tweet")
    result = child(child(note, "note_tweet_results"), "result")
    texts = (
        child(status, "extended_tweet").text("full_text", "", limit=TEXT_LIMIT),
        result.text("text", "", limit=TEXT_LIMIT),
        note.text("text", "", limit=TEXT_LIMIT),
        status.text("full_text", "", limit=TEXT_LIMIT),
        status.text("text", "", limit=TEXT_LIMIT),
    )
    return unescaped(next(filter(None, texts), ""))


def language(status: Fields) -> str:
    hint = status.text("lang", "")
    return "" if hint in _NO_LANGUAGES else hint


def written_at_us(entry: Fields) -> int | None:
    if "timestamp_ms" in entry:
        return milliseconds(entry, "timestamp_ms")
    if "created_at" not in entry:
        return None
    match = _CREATED_AT.fullmatch(entry.text("created_at"))
    if match is None:
        return entry.instant("created_at")
    month, day, hour, minute, second, sign, ahead_hours, ahead_minutes, year = match.groups()
    ahead = timedelta(hours=int(ahead_hours), minutes=int(ahead_minutes))
    try:
        at = datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=timezone(ahead if sign == "+" else -ahead),
        )
        return round(at.astimezone(UTC).timestamp()) * 1_000_000
    except (ValueError, OverflowError):
        entry.complain("created_at", "is no day or time of day")


def _first_version(status: Fields) -> tuple[str, bool]:
    """Return the id of the post before any edit, and whether this is an edit."""
    history = child(status, "edit_history")
    versions = history.texts("edit_tweet_ids", limit=MOST_MEDIA)
    first = versions[0] if versions else history.identifier("initial_tweet_id", "")
    own = post_id(status)
    return (first, first != own) if first else (own, False)


def _attachments(status: Fields) -> tuple[Attachment, ...]:
    places = (
        child(child(status, "extended_tweet"), "extended_entities"),
        child(status, "extended_entities"),
        child(child(status, "extended_tweet"), "entities"),
        child(status, "entities"),
    )
    for place in places:
        if found := place.objects("media", limit=MOST_MEDIA):
            return tuple(attachment(media) for media in found)
    return ()


def _location(status: Fields) -> Location | None:
    return point(child(status, "coordinates"), name=child(status, "place").text("full_name", ""))
