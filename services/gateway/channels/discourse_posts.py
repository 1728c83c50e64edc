"""A forum's posts: who wrote them, what they quote and show, and where an answer goes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from services.gateway.channels.markup import read_markup
from services.gateway.channels.public_posts import count, digest, engagement_event, identifier
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AuthorKind,
    Engagement,
    IncomingEvent,
    MessageDeletion,
    UnrecognisedEvent,
    WrittenMessage,
)

_QUOTE_OPENS = re.compile(r"\[quote(?:=[^\[\]\n]{0,300})?\]")
_QUOTE_CLOSES = "[/quote]"
_SMALL_ACTION, _WHISPER = 3, 4
_SYSTEM_USER = -1


@dataclass(frozen=True, slots=True)
class Forum:
    """``address`` is "" where the request did not tell it; ``own`` are user names, lower case."""

    address: str
    own: frozenset[str]

    def author_kind(self, author: Fields, author_id: str) -> AuthorKind:
        if author.text("username", "").lower() in self.own:
            return "agent"
        if author_id.startswith("-"):
            return "system" if author_id == str(_SYSTEM_USER) else "bot"
        staff = any(author.flag(name) for name in ("staff", "moderator", "admin"))
        return "agent" if staff else "customer"

    def url(self, url: str) -> str:
        if url.startswith("//"):
            return f"https:{url}"
        return f"{self.address}{url}" if url.startswith("/") else url

    def placed(self, attachments: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        return tuple(replace(one, url=self.url(one.url)) for one in attachments)


def read_post(post: Fields, event: str, forum: Forum, raw: bytes) -> list[IncomingEvent]:
    message_id, thread_id = identifier(post, "id"), identifier(post, "topic_id")
    author_id = identifier(post, "user_id", "")
    deleted = event == "post_destroyed" or (
        not event and ("deleted_at" in post or post.flag("user_deleted"))
    )
    if deleted:
        at_us = post.instant("deleted_at") or post.instant("updated_at")
        gone = MessageDeletion(message_id)
        event_id = f"post:{message_id}:destroyed:{digest(raw)}"
        return [IncomingEvent(event_id, "discourse", thread_id, gone, at_us, author_id)]
    version = post.integer("version") if "version" in post else 1
    recovered = event == "post_recovered"
    edited = recovered or event == "post_edited" or (not event and version > 1)
    event_id = f"post:{message_id}:{version}"
    if edited:
        # The first minutes' edits keep the version.
        event_id += f":{digest(post.text('raw', '', limit=TEXT_LIMIT), str(recovered))}"
    if recovered:
        event_id += f":{digest(raw)}"
    if "post_type" in post and post.integer("post_type") == _SMALL_ACTION:
        body: WrittenMessage | UnrecognisedEvent = UnrecognisedEvent("small_action", raw)
    else:
        body = _message(post, author_id, forum, edited=edited)
    at_us = (post.instant("updated_at") if edited else None) or post.instant("created_at")
    written = IncomingEvent(event_id, "discourse", thread_id, body, at_us, author_id)
    return [written, *(read_counts(post) if edited else [])]


def _message(post: Fields, author_id: str, forum: Forum, *, edited: bool) -> WrittenMessage:
    cooked = read_markup(post.text("cooked", "", limit=TEXT_LIMIT), quotes_apart=True)
    text, quoted = cooked.text, cooked.quoted
    if "raw" in post:
        text, quoted = quotes_apart(post.text("raw", "", limit=TEXT_LIMIT))
    is_public = not (
        post.text("topic_archetype", "regular") == "private_message"
        or ("post_type" in post and post.integer("post_type") == _WHISPER)
    )
    return WrittenMessage(
        message_id=identifier(post, "id"),
        author_kind=forum.author_kind(post, author_id),
        author_name=_name(post),
        text=text,
        reply_to_message_id=_reply_to(post),
        edited=edited,
        attachments=forum.placed(cooked.attachments),
        subject=post.text("topic_title", ""),
        quoted_text=quoted,
        is_public=is_public,
        reply_address=_address(post, is_public=is_public),
    )


def read_counts(post: Fields) -> list[IncomingEvent]:
    """Return how often a post was read and answered, as shown with it."""
    shown = Engagement(
        identifier(post, "id"),
        likes=count(post, "like_count"),
        replies=count(post, "reply_count"),
        reach=count(post, "reads"),
    )
    return engagement_event("discourse", identifier(post, "topic_id"), shown)


def quotes_apart(raw: str) -> tuple[str, str]:
    """Split a post's own words from what it quotes: ``[quote="ana, post:1"]…[/quote]``."""
    own: list[str] = []
    quoted: list[str] = []
    position, last = 0, raw.rfind(_QUOTE_CLOSES)
    while (opened := _QUOTE_OPENS.search(raw, position)) and opened.end() <= last:
        own.append(raw[position : opened.start()])
        closed = raw.index(_QUOTE_CLOSES, opened.end())
        quoted.append(_QUOTE_OPENS.sub("", raw[opened.end() : closed]).strip())
        position = closed + len(_QUOTE_CLOSES)
    own.append(raw[position:])
    words = "\n\n".join(filter(None, (piece.strip() for piece in own)))
    return words.replace(_QUOTE_CLOSES, "").strip(), "\n\n".join(filter(None, quoted))


def _name(post: Fields) -> str:
    for name in ("name", "display_username", "username"):
        if found := post.text(name, ""):
            return found
    return ""


def _reply_to(post: Fields) -> str:
    """Name the answered post by topic and number: its id is not told."""
    number = identifier(post, "reply_to_post_number", "")
    return f"{identifier(post, 'topic_id')}/{number}" if number else ""


def _address(post: Fields, *, is_public: bool) -> str:
    """Return "post:<topic>:<number>:<user name>", with "message" for "post" in private."""
    where = "post" if is_public else "message"
    number = identifier(post, "post_number", "")
    return f"{where}:{identifier(post, 'topic_id')}:{number}:{post.text('username', '')}"
