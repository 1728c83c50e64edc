"""One line of a feed as a public post."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.channels.public_posts import count, digest, engagement_event, identifier
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    Engagement,
    IncomingEvent,
    MessageDeletion,
    WrittenMessage,
)

_SAID = ("id", "url", "text", "title", "time", "reply_to", "thread", "language", "media", "stars")
_AUTHOR = ("author", "author_id", "author_name")
_COUNTS = ("likes", "shares", "replies", "reach")
FIELDS = (*_SAID, *_AUTHOR, *_COUNTS, "brand", "edited", "deleted")

_KIND = "feed"
_URL_LIMIT = 4_096
_MOST_MEDIA = 64
_MOST_STARS = 5
_LATEST_SECOND = 4_102_444_800


def read_post(line: Fields, mapping: Mapping[str, str]) -> list[IncomingEvent]:
    post = _Renamed(line, mapping)
    post_id = identifier(*post.at("id"))
    thread_id = identifier(*post.at("thread"), "") or identifier(*post.at("reply_to"), "")
    thread_id = thread_id or post_id
    brand_id = identifier(*post.at("brand"), "")
    at_us = _time(*post.at("time"))
    if _flag(*post.at("deleted")):
        gone = MessageDeletion(post_id)
        event_id = f"post:{post_id}:deleted"
        return [IncomingEvent(event_id, _KIND, thread_id, gone, at_us, brand_id=brand_id)]
    author_id, author_name = _author(post)
    body = _message(post, post_id, author_name)
    event_id = f"post:{post_id}:{digest(body.subject, body.text)}"
    counts = Engagement(
        post_id,
        likes=count(*post.at("likes")),
        shares=count(*post.at("shares")),
        replies=count(*post.at("replies")),
        reach=count(*post.at("reach")),
    )
    written = IncomingEvent(event_id, _KIND, thread_id, body, at_us, author_id, brand_id)
    return [written, *engagement_event(_KIND, thread_id, counts, brand_id)]


def _message(post: _Renamed, post_id: str, author_name: str) -> WrittenMessage:
    fields, name = post.at("stars")
    stars = fields.integer(name) if name in fields else 0
    if not 0 <= stars <= _MOST_STARS:
        fields.complain(name, f"is {stars}; 1 to {_MOST_STARS} is expected")
    fields, name = post.at("text")
    text = fields.text(name, "", limit=TEXT_LIMIT)
    attachments = _media(*post.at("media"))
    title = _text(*post.at("title"))
    if not (text or title or attachments):
        fields.complain(name, "is missing")
    url = _text(*post.at("url"), limit=_URL_LIMIT)
    return WrittenMessage(
        message_id=post_id,
        author_kind="customer",
        author_name=author_name,
        text=text,
        reply_to_message_id=identifier(*post.at("reply_to"), ""),
        language_hint=_text(*post.at("language")),
        edited=_flag(*post.at("edited")),
        attachments=attachments,
        subject=title,
        is_public=True,
        reply_address=url,
        stars=stars,
    )


class _Renamed:
    """Where each field stands in this feed."""

    def __init__(self, line: Fields, mapping: Mapping[str, str]) -> None:
        self._line = line
        self._mapping = mapping

    def at(self, name: str) -> tuple[Fields, str]:
        """Return the object that holds the field and its name there."""
        *above, last = self._mapping.get(name, name).split(".")
        fields = self._line
        for step in above:
            if step not in fields:
                return Fields({}, fields.place_of(step)), last
            fields = fields.object(step)
        return fields, last


def _author(post: _Renamed) -> tuple[str, str]:
    fields, name = post.at("author")
    author_id = identifier(*post.at("author_id"), "")
    author_name = _text(*post.at("author_name"))
    if name not in fields:
        return author_id or author_name, author_name
    try:
        author = fields.object(name)
    except InvalidRequestError:
        plain = identifier(fields, name)
        return author_id or plain, author_name or plain
    username = author.text("username", "")
    author_id = author_id or identifier(author, "id", "") or username
    return author_id, author_name or author.text("name", "") or username


def _text(fields: Fields, name: str, *, limit: int = 512) -> str:
    return fields.text(name, "", limit=limit)


def _flag(fields: Fields, name: str) -> bool:
    return fields.flag(name)


def _time(fields: Fields, name: str) -> int | None:
    if name not in fields:
        return None
    try:
        seconds = fields.integer(name)
    except InvalidRequestError:
        return fields.instant(name)
    if not 0 < seconds < _LATEST_SECOND * 1_000:
        fields.complain(name, "is no time in seconds or milliseconds since 1970")
    return seconds * 1_000_000 if seconds < _LATEST_SECOND else seconds * 1_000


def _media(fields: Fields, name: str) -> tuple[Attachment, ...]:
    if name not in fields:
        return ()
    try:
        listed = fields.objects(name, limit=_MOST_MEDIA)
    except InvalidRequestError:
        # A list of plain addresses; anything else complains again.
        return tuple(Attachment("link", url=url) for url in fields.texts(name, limit=_MOST_MEDIA))
    return tuple(
        Attachment(
            _kind(one.text("type", "")),
            url=one.text("url", limit=_URL_LIMIT),
            name=one.text("name", ""),
        )
        for one in listed
    )


def _kind(told: str) -> AttachmentKind:
    """Read "image" and "image/png" alike."""
    kinds: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}
    return kinds.get(told.partition("/")[0].lower(), "link")
