"""Slack's messages: text, files, what is quoted, who wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.gateway.channels.platform_json import child
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    AuthorKind,
    WrittenMessage,
)

_MOST_FILES = 100
_MOST_BLOCKS = 500
_URL_LIMIT = 4_096
_DEEPEST = 8
# Who speaks for Slack itself.
_SLACKS_OWN = ("USLACK", "USLACKBOT")
# Files that are no longer there, of which only an id is left.
_GONE = ("tombstone", "hidden_by_limit")


# How a text writes what a block names.
_MENTIONS = {
    "user": ("@", "user_id"),
    "channel": ("#", "channel_id"),
    "usergroup": ("!subteam^", "usergroup_id"),
    "broadcast": ("!", "range"),
}


@dataclass(frozen=True, slots=True)
class Own:
    """Who belongs to the organisation: the app's users, and teams where others write as well."""

    bots: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()


def written(message: Fields, message_id: str, own: Own, *, edited: bool) -> WrittenMessage:
    root = message.text("thread_ts", "")
    return WrittenMessage(
        message_id=message_id,
        author_kind=_author_kind(message, own),
        author_name=_name(message),
        text=text_of(message),
        reply_to_message_id=root if root != message_id else "",
        edited=edited,
        attachments=tuple(_attachments(message)),
        quoted_text="\n".join(filter(None, (_quoted(one) for one in _cards(message)))),
    )


def author_of(message: Fields) -> str:
    """Return the user; a bot that is no user has an id of its own."""
    return message.text("user", "") or message.text("bot_id", "")


def text_of(message: Fields) -> str:
    """Return the text with Slack's three escapes undone; a bot's may stand in its blocks alone."""
    text = message.text("text", "", limit=TEXT_LIMIT)
    if not text:
        text = "\n".join(filter(None, _blocks_texts(message)))
    if not text:
        cards = (card for card in _cards(message) if not _is_quote(card))
        text = "\n".join(filter(None, (_card_text(card) for card in cards)))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _author_kind(message: Fields, own: Own) -> AuthorKind:
    if message.text("user", "") in _SLACKS_OWN:
        return "system"
    by_machine = ("bot_message", "slackbot_response")
    if message.text("bot_id", "") or message.text("subtype", "") in by_machine:
        return "bot"
    # What somebody typed or changed in Slack's own window says so.
    by_hand = "client_msg_id" in message or "edited" in message
    if message.text("user", "") in own.bots and not by_hand:
        return "bot"
    team = message.text("user_team", "") or message.text("source_team", "")
    return "agent" if team in own.teams else "customer"


def _name(message: Fields) -> str:
    profile = child(message, "user_profile")
    names = (
        profile.text("display_name", ""),
        profile.text("real_name", ""),
        profile.text("name", ""),
        message.text("username", ""),
        child(message, "bot_profile").text("name", ""),
    )
    return next(filter(None, names), "")


def _attachments(message: Fields) -> Iterator[Attachment]:
    files = message.objects("files", limit=_MOST_FILES)
    if "file" in message and not files:
        files = [message.object("file")]
    for file in files:
        if file.text("mode", "") not in _GONE:
            yield _file(file)
    for card in _cards(message):
        if url := card.text("image_url", "", limit=_URL_LIMIT):
            yield Attachment("image", url=url, name=card.text("title", "", limit=TEXT_LIMIT))
    for block in message.objects("blocks", limit=_MOST_BLOCKS):
        url = block.text("image_url", "", limit=_URL_LIMIT)
        if url and block.text("type", "") == "image":
            yield Attachment("image", url=url, name=block.text("alt_text", "", limit=TEXT_LIMIT))


def _file(file: Fields) -> Attachment:
    """Return a file; of one from another workspace there is an id and nothing else."""
    media_type = file.text("mimetype", "")
    family = media_type.partition("/")[0]
    kinds: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}
    return Attachment(
        kinds.get(family, "file"),
        media_id=file.text("id", ""),
        url=file.text("url_private_download", "", limit=_URL_LIMIT)
        or file.text("url_private", "", limit=_URL_LIMIT),
        media_type=media_type,
        name=file.text("name", "", limit=TEXT_LIMIT) or file.text("title", "", limit=TEXT_LIMIT),
        size_bytes=file.integer("size") if "size" in file else 0,
    )


def _cards(message: Fields) -> list[Fields]:
    """Return Slack's "attachments": cards of bots, unfurled links, shared messages."""
    return message.objects("attachments", limit=_MOST_FILES)


def _is_quote(card: Fields) -> bool:
    return card.flag("is_msg_unfurl") or card.flag("is_share")


def _quoted(card: Fields) -> str:
    return card.text("text", "", limit=TEXT_LIMIT) if _is_quote(card) else ""


def _card_text(card: Fields) -> str:
    parts = (card.text(name, "", limit=TEXT_LIMIT) for name in ("pretext", "title", "text"))
    return "\n".join(filter(None, parts)) or card.text("fallback", "", limit=TEXT_LIMIT)


def _blocks_texts(message: Fields) -> Iterator[str]:
    for block in message.objects("blocks", limit=_MOST_BLOCKS):
        kind = block.text("type", "")
        if kind == "rich_text":
            yield "".join(_rich_text(block, _DEEPEST))
        elif kind in ("section", "header") and isinstance(block.values().get("text"), dict):
            yield block.object("text").text("text", "", limit=TEXT_LIMIT)


def _rich_text(block: Fields, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    for element in block.objects("elements", limit=_MOST_BLOCKS):
        kind = element.text("type", "")
        if kind == "link":
            url = element.text("url", "", limit=_URL_LIMIT)
            yield element.text("text", "", limit=TEXT_LIMIT) or url
        elif kind == "emoji":
            yield f":{element.text('name', '')}:"
        elif kind in _MENTIONS:
            sign, name = _MENTIONS[kind]
            yield f"<{sign}{element.text(name, '')}>"
        elif "elements" in element:
            yield from _rich_text(element, depth - 1)
            yield "\n" if kind == "rich_text_section" and depth < _DEEPEST else ""
        else:
            yield element.text("text", "", limit=TEXT_LIMIT)
