"""Telegram's messages: who wrote what, where, and to what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.channels.platform_json import child, seconds
from services.gateway.channels.telegram.media import attachments, location, person
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import AuthorKind, Identifier, WrittenMessage

_MOST_OPTIONS = 100
# Where Telegram itself forwards a channel's posts to the group that discusses them.
_FORWARDED_BY_TELEGRAM = "is_automatic_forward"
# What a message of Telegram always says of itself; the remaining field names its kind.
_FRAME = frozenset(
    [
        "message_id",
        "message_thread_id",
        "direct_messages_topic",
        "from",
        "sender_chat",
        "sender_boost_count",
        "sender_business_bot",
        "sender_tag",
        "date",
        "business_connection_id",
        "chat",
        "forward_origin",
        "is_topic_message",
        "is_automatic_forward",
        "reply_to_message",
        "external_reply",
        "quote",
        "reply_to_story",
        "via_bot",
        "edit_date",
        "has_protected_content",
        "is_from_offline",
        "is_paid_post",
        "media_group_id",
        "author_signature",
        "paid_star_count",
        "reply_markup",
        "guest_query_id",
    ]
)


@dataclass(frozen=True, slots=True)
class Author:
    author_id: str
    name: str
    kind: AuthorKind
    language: str = ""


def message_id(message: Fields) -> str:
    """Return the id; "" where a capture left it out."""
    return str(message.integer("message_id")) if "message_id" in message else ""


def sent_at_us(message: Fields, *, edited: bool) -> int | None:
    """Return the time, when told; a message that is no longer accessible has the date 0."""
    name = "edit_date" if edited and "edit_date" in message else "date"
    if name in message:
        message.integer(name)
    return seconds(message, name)


def thread(message: Fields) -> str:
    """Return the chat, which in private is the customer; topics and businesses are apart."""
    chat = str(message.object("chat").integer("id"))
    if connection := message.text("business_connection_id", ""):
        return f"{connection}:{chat}"
    if message.flag("is_topic_message"):
        return f"{chat}:{message.integer('message_thread_id')}"
    topic = child(message, "direct_messages_topic")
    return f"{chat}:{topic.integer('topic_id')}" if topic.names() else chat


def author(message: Fields) -> Author:
    """Return who wrote it: a user, or the chat in whose name somebody wrote."""
    chat = message.object("chat")
    speaker = child(message, "sender_chat")
    if speaker.names():
        is_own = speaker.integer("id") == chat.integer("id") or message.flag(_FORWARDED_BY_TELEGRAM)
        name = message.text("author_signature", "") or person(speaker)
        return Author(str(speaker.integer("id")), name, "agent" if is_own else "customer")
    if "from" not in message and chat.text("type", "") == "channel":
        return Author(str(chat.integer("id")), person(chat), "agent")
    if "from" not in message and chat.text("type", "") == "private":
        return Author(str(chat.integer("id")), person(chat), "customer")
    user = message.object("from")
    user_id = user.integer("id")
    kind: AuthorKind = "customer"
    if user.flag("is_bot") or "sender_business_bot" in message:
        kind = "bot"
    elif "business_connection_id" in message and user_id != chat.integer("id"):
        # In a business's chats the customer is the chat; whoever else writes is the business.
        kind = "agent"
    return Author(str(user_id), person(user), kind, user.text("language_code", ""))


def written(message: Fields, *, edited: bool) -> WrittenMessage:
    """Read a message. Complain about what nobody wrote: notices about the chat."""
    by = author(message)
    app = child(message, "web_app_data")
    text = (
        message.text("text", "", limit=TEXT_LIMIT)
        or message.text("caption", "", limit=TEXT_LIMIT)
        or app.text("button_text", "", limit=TEXT_LIMIT)
        or _described(message)
    )
    body = WrittenMessage(
        message_id=message_id(message),
        author_kind=by.kind,
        author_name=by.name,
        text=text,
        reply_to_message_id=_replied_to(message),
        language_hint=by.language,
        identifiers=_own_contact(message, by),
        edited=edited,
        attachments=tuple(attachments(message)),
        location=location(message),
        quoted_text=child(message, "quote").text("text", "", limit=TEXT_LIMIT),
        is_public=message.object("chat").text("type", "") == "channel",
        payload=app.text("data", "", limit=TEXT_LIMIT),
        reply_address=message.text("business_connection_id", ""),
    )
    if not (body.text or body.attachments or body.location):
        message.complain(kind_of(message), "is nothing that somebody wrote")
    return body


def kind_of(message: Fields) -> str:
    """Return the field by which Telegram names what a message is ("new_chat_members")."""
    # Before version 7 a forward told where it came from in fields of its own.
    told = (name for name in message.names() if not name.startswith("forward_"))
    return next((name for name in told if name not in _FRAME), "message_id")


def _described(message: Fields) -> str:
    """Return in words what is neither text nor medium: a poll, a game, thrown dice."""
    poll, tasks = child(message, "poll"), child(message, "checklist")
    if poll.names():
        options = poll.objects("options", limit=_MOST_OPTIONS)
        return _listed(poll.text("question", limit=TEXT_LIMIT), options)
    if tasks.names():
        return _listed(tasks.text("title", limit=TEXT_LIMIT), tasks.objects("tasks", limit=200))
    dice = child(message, "dice")
    if dice.names():
        return f"{dice.text('emoji', '')} {dice.integer('value')}".strip()
    for name in ("game", "invoice"):
        if name in message:
            return message.object(name).text("title", "", limit=TEXT_LIMIT)
    return ""


def _listed(title: str, entries: list[Fields]) -> str:
    return "\n".join([title, *(f"- {one.text('text', '', limit=TEXT_LIMIT)}" for one in entries)])


def _replied_to(message: Fields) -> str:
    """Return the message that is answered; a topic's first one is only where it all stands."""
    if "reply_to_message" in message:
        original = message.object("reply_to_message")
        return "" if "forum_topic_created" in original else message_id(original)
    elsewhere = child(message, "external_reply")
    return message_id(elsewhere) if "message_id" in elsewhere else ""


def _own_contact(message: Fields, by: Author) -> tuple[Identifier, ...]:
    """Return the author's phone number when they share it; somebody else's says nothing of them."""
    if "contact" not in message:
        return ()
    contact = message.object("contact")
    if "user_id" not in contact or str(contact.integer("user_id")) != by.author_id:
        return ()
    number = contact.text("phone_number")
    # Telegram leaves the + out on some phones; the number is always international.
    return (Identifier("phone", number if number.startswith("+") else f"+{number}"),)
