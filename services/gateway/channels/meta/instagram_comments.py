"""What is written in public under an Instagram account's posts and live videos."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.channels.meta.page_feed import COMMENT_ADDRESS
from services.gateway.channels.meta.pieces import Conversation, Entry, digest, instant_us
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import Engagement, IncomingEvent, WrittenMessage

COMMENT_FIELDS = frozenset({"comments", "live_comments"})
STORY_INSIGHTS = "story_insights"

_NOTHING = Fields({}, "")


def read_comment(value: Fields, channel: str, entry: Entry) -> Sequence[IncomingEvent]:
    comment_id = value.identifier("id", "") or value.identifier("comment_id")
    author = value.object("from") if "from" in value else _NOTHING
    author_id = author.identifier("id", "")
    media_id = _media_id(value)
    parent_id = value.identifier("parent_id", "")
    # Instagram does not say when it was written; the batch is put together at once.
    occurred_at_us = (
        instant_us(value, "timestamp") or instant_us(value, "created_time") or entry.batched_at_us
    )
    by_business = author_id != "" and author_id == entry.account_id
    body = WrittenMessage(
        message_id=comment_id,
        author_kind="agent" if by_business else "customer",
        author_name=author.text("username", "") or author.text("name", ""),
        text=value.text("text", "", limit=TEXT_LIMIT),
        reply_to_message_id=parent_id or media_id,
        is_public=True,
        reply_address=COMMENT_ADDRESS + comment_id,
    )
    here = Conversation(channel, media_id or parent_id or comment_id, author_id, occurred_at_us)
    return [here.event(comment_id, body)]


def read_insights(value: Fields, channel: str, entry: Entry) -> Sequence[IncomingEvent]:
    """Return how a story did; the counts come once, when it is over."""
    media_id = value.identifier("media_id")
    counts = {name: value.integer(name) for name in ("reach", "replies", "shares") if name in value}
    here = Conversation(channel, media_id, occurred_at_us=entry.batched_at_us)
    return [
        here.event(f"{media_id}:insights:{digest(value.values())}", Engagement(media_id, **counts))
    ]


def _media_id(value: Fields) -> str:
    media = value.values().get("media")
    if isinstance(media, dict):
        return value.object("media").identifier("id", "")
    return value.identifier("media_id", "")
