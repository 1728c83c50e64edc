"""What is written in public on and about a Facebook page: posts, comments, mentions, reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.channels.meta.pieces import Conversation, Entry, digest, instant_us
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    WrittenMessage,
)

# What a reply's address begins with: what it stands under.
COMMENT_ADDRESS = "comment:"
POST_ADDRESS = "post:"

FEED_FIELDS = frozenset({"feed", "mention", "ratings"})

_ADDED = frozenset({"add", "create"})
_EDITED = frozenset({"edit", "edited", "update"})
_REMOVED = frozenset({"remove", "delete"})
_POSTS = frozenset({"post", "status", "photo", "video", "share", "link", "album", "rating"})
_REACTIONS = frozenset({"reaction", "like"})
_MOST_PHOTOS = 100
_MOST_STARS = 5
_NOTHING = Fields({}, "")


@dataclass(frozen=True, slots=True)
class _Change:
    field: str
    value: Fields
    item: str
    verb: str
    author_id: str
    by_business: bool


def read_feed(field: str, value: Fields, channel: str, entry: Entry) -> Sequence[IncomingEvent]:
    author = _author(value)
    author_id = next(
        (
            fields.identifier(name)
            for fields, name in ((author, "id"), (value, "sender_id"), (value, "reviewer_id"))
            if name in fields
        ),
        "",
    )
    page_id = entry.account_id or value.identifier("page_id", "")
    item = value.text("item", "comment" if "comment_id" in value else "post")
    verb = value.text("verb", "add").lower()
    by_business = author_id in {page_id, value.identifier("page_id", page_id)} - {""}
    change = _Change(field, value, item, verb, author_id, by_business)
    here = Conversation(
        channel,
        _post_id(value),
        author_id,
        instant_us(value, "created_time") or entry.batched_at_us,
    )
    return [_event(change, here)]


def _author(value: Fields) -> Fields:
    return next((value.object(name) for name in ("from", "sender") if name in value), _NOTHING)


def _post_id(value: Fields) -> str:
    return value.identifier("post_id", "") or value.identifier("open_graph_story_id", "")


def _event(change: _Change, here: Conversation) -> IncomingEvent:
    value, item, verb = change.value, change.item, change.verb
    version = digest(value.values())
    is_comment = item == "comment"
    message_id = value.identifier("comment_id", "") or _post_id(value)
    if item in _REACTIONS:
        name = value.text("reaction_type", "") or item
        if message_id and verb in _ADDED | _EDITED | _REMOVED:
            reaction = Reaction(message_id, name, removed=verb in _REMOVED)
            return here.event(f"{message_id}:reaction:{version}", reaction)
    elif is_comment or item in _POSTS:
        message_id = value.identifier("comment_id") if is_comment else _required_post(value)
        if verb in _REMOVED:
            return here.event(f"{message_id}:deleted", MessageDeletion(message_id))
        if verb in _ADDED and not _is_draft(value):
            return here.event(message_id, _written(change, message_id))
        if verb in _EDITED:
            body = _written(change, message_id, edited=True)
            return here.event(f"{message_id}:edit:{version}", body)
    return here.unrecognised(f"{change.field}.{item}.{verb}", value.values())


def _required_post(value: Fields) -> str:
    return _post_id(value) or value.identifier("post_id")


def _is_draft(value: Fields) -> bool:
    return value.identifier("published", "1") == "0"


def _written(change: _Change, message_id: str, *, edited: bool = False) -> IncomingBody:
    value, is_comment = change.value, change.item == "comment"
    author = _author(value)
    return WrittenMessage(
        message_id=message_id,
        author_kind="agent" if change.by_business else "customer",
        author_name=author.text("name", "")
        or value.text("sender_name", "")
        or value.text("reviewer_name", ""),
        text=value.text("message", "", limit=TEXT_LIMIT)
        or value.text("review_text", "", limit=TEXT_LIMIT),
        reply_to_message_id=_parent(value) if is_comment else "",
        edited=edited,
        attachments=_attachments(value),
        is_public=True,
        payload=value.text("recommendation_type", ""),
        reply_address=(COMMENT_ADDRESS if is_comment else POST_ADDRESS) + message_id,
        stars=_stars(value),
    )


def _parent(value: Fields) -> str:
    return value.identifier("parent_id", "") or _post_id(value)


def _stars(value: Fields) -> int:
    if "rating" not in value:
        return 0
    stars = value.integer("rating")
    if not 1 <= stars <= _MOST_STARS:
        value.complain("rating", f"is {stars}; 1 to {_MOST_STARS} is expected")
    return stars


def _attachments(value: Fields) -> tuple[Attachment, ...]:
    photos = value.values().get("photos")
    found = [
        Attachment("image", url=url)
        for url in (photos[:_MOST_PHOTOS] if isinstance(photos, list) else ())
        if isinstance(url, str)
    ]
    for name in ("photo", "video", "link"):
        url = value.values().get(name)
        if isinstance(url, str) and url and all(one.url != url for one in found):
            found.append(_attachment(value, name, url))
    return tuple(found)


def _attachment(value: Fields, name: str, url: str) -> Attachment:
    # A posted photo's or video's own address is in "link".
    item = value.text("item", "")
    media = item if name == "link" and item in {"photo", "video"} else name
    kinds: dict[str, AttachmentKind] = {"photo": "image", "video": "video"}
    return Attachment(
        kinds.get(media, "link"), media_id=value.identifier(f"{media}_id", ""), url=url
    )
