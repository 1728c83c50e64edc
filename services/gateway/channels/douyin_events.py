"""What Douyin's events say: ``{"event": …, "from_user_id": …, "to_user_id": …, "content": …}``.

``content`` is an object, or the same as JSON within a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.gateway.channels.loose import moment_us
from services.gateway.channels.wechat_bodies import digest, optional, read_json_texts
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    Identifier,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

KIND = "douyin"
_MOST_USERS = 1000
_MOST_CARD_LINES = 100
_WRITTEN = frozenset({"text", "retain_consult_card", "card", "link"})
_MOBILE_NUMBER = re.compile(r"1[3-9][0-9]{9}")

# Sent to the account, or by it; "receive_msg" is the older name.
_RECEIVED = frozenset({"im_receive_msg", "receive_msg", "im_group_receive_msg"})
_SENT = frozenset({"im_send_msg", "im_group_send_msg"})
_COMMENTS = frozenset({"item_comment_reply", "item_comment"})
_MEDIA: Mapping[str, AttachmentKind] = {
    "image": "image",
    "user_local_image": "image",
    "emoji": "sticker",
    "video": "video",
    "user_local_video": "video",
}


def event_of(fields: Fields, raw: bytes, delivery_id: str) -> IncomingEvent:
    """Read one event; one that cannot be read keeps its reason."""
    name = fields.text("event", limit=64)
    try:
        return _known(name, fields, raw, delivery_id)
    except InvalidRequestError as error:
        body = UnrecognisedEvent(name, raw, str(error))
        return IncomingEvent(f"{name}:{delivery_id or digest(raw)}", KIND, "", body, None)


def _known(name: str, fields: Fields, raw: bytes, delivery_id: str) -> IncomingEvent:
    content = _content(fields)
    if name in _RECEIVED or name in _SENT:
        return _message(name, fields, content, raw, delivery_id)
    if name in _COMMENTS:
        return _comment(name, fields, content)
    sender, receiver = _parties(fields)
    thread_id = thread_of(sender, receiver)
    message_id = optional(content, "server_message_id")
    at_us = instant_us(content, "create_time")
    event_id = f"{name}:{message_id or delivery_id or digest(raw)}"
    body: IncomingBody = UnrecognisedEvent(name, raw)
    if name == "im_recall_msg":
        body = MessageDeletion(content.text("server_message_id"))
    elif name == "im_message_read" and optional(content, "read_open_id") == sender:
        # Numbers of messages are their times; the account's own reading tells nothing.
        at_us = instant_us(content, "index")
        body = Receipt("read", until_at_us=at_us or 0)
        event_id = f"{name}:{sender}:{optional(content, 'index')}"
    return IncomingEvent(event_id, KIND, thread_id, body, at_us, sender)


def _content(fields: Fields) -> Fields:
    if "content" not in fields:
        return Fields({}, fields.place_of("content"))
    if not isinstance(fields.values()["content"], str):
        return fields.object("content")
    text = fields.text("content", limit=TEXT_LIMIT).strip()
    return read_json_texts(text.encode())


def _parties(fields: Fields) -> tuple[str, str]:
    return optional(fields, "from_user_id", limit=256), optional(fields, "to_user_id", limit=256)


def thread_of(one: str, other: str) -> str:
    """Return the thread of two, whoever of them writes: a recall does not say who is the customer.

    An application serves several accounts, so a customer's id alone is no thread.
    """
    return ":".join(sorted((one, other))) if one and other else one or other


def instant_us(fields: Fields, name: str) -> int | None:
    """Return a time in seconds, milliseconds or microseconds as microseconds since the epoch."""
    return moment_us(optional(fields, name))


def _message(
    name: str, fields: Fields, content: Fields, raw: bytes, delivery_id: str
) -> IncomingEvent:
    sender = fields.text("from_user_id", limit=256)
    receiver = optional(fields, "to_user_id", limit=256)
    given_id = optional(content, "server_message_id")
    message_id = given_id or delivery_id or digest(raw)
    conversation = optional(content, "conversation_short_id")
    # "conversation_type" is no help: Douyin's own samples have a private message with a group's.
    in_group = "group" in name
    account, customer = (sender, receiver) if name in _SENT else (receiver, sender)
    kind = content.text("message_type", "text" if "text" in content else None, limit=64)
    body: IncomingBody = UnrecognisedEvent(f"{name}.{kind}", raw)
    # What Douyin does not show elsewhere is "other", with a text that says so.
    if kind in _MEDIA or kind in _WRITTEN or optional(content, "text"):
        text, identifiers = _words(content, kind)
        body = WrittenMessage(
            message_id=message_id,
            author_kind="agent" if name in _SENT else "customer",
            author_name=_name_of(sender, content),
            text=text,
            identifiers=identifiers if name in _RECEIVED else (),
            attachments=_attachments(content, kind, given_id),
            reply_address=f"{account} {customer} {conversation}".strip(),
        )
    return IncomingEvent(
        event_id=f"{name}:{message_id}",
        channel=KIND,
        thread_id=conversation if in_group and conversation else thread_of(sender, receiver),
        body=body,
        occurred_at_us=instant_us(content, "create_time"),
        author_id=sender,
    )


def _name_of(open_id: str, content: Fields) -> str:
    for user in content.entries("user_infos", limit=_MOST_USERS):
        if user.values().get("open_id") == open_id:
            return optional(user, "nick_name", limit=256)
    return ""


def _words(content: Fields, kind: str) -> tuple[str, tuple[Identifier, ...]]:
    if kind == "retain_consult_card":
        return _card(content)
    text = content.text("text", "", limit=TEXT_LIMIT)
    return text or optional(content, "description"), ()


def _card(content: Fields) -> tuple[str, tuple[Identifier, ...]]:
    """Read a form that the customer filled in."""
    lines, identifiers = [], []
    for entry in content.objects("card_data", limit=_MOST_CARD_LINES):
        label, value = optional(entry, "label"), optional(entry, "value")
        lines.append(f"{label}: {value}")
        if _MOBILE_NUMBER.fullmatch(value):
            identifiers.append(Identifier("phone", f"+86{value}"))
    return "\n".join(lines), tuple(identifiers)


def _attachments(content: Fields, kind: str, message_id: str) -> tuple[Attachment, ...]:
    url = optional(content, "resource_url", limit=4096)
    if kind in {"card", "link"}:
        link = optional(content, "link_url", limit=4096)
        return (Attachment("link", url=link, name=optional(content, "title")),) if link else ()
    if kind not in _MEDIA:
        return ()
    # A file from the customer's own device is asked for by its message; a video has an id.
    media_id = message_id if kind.startswith("user_local_") else optional(content, "item_id")
    media_type = "image/gif" if optional(content, "resource_type").lower() == "gif" else ""
    return (Attachment(_MEDIA[kind], media_id=media_id, url=url, media_type=media_type),)


def _comment(name: str, fields: Fields, content: Fields) -> IncomingEvent:
    sender, account = _parties(fields)
    author_id = optional(content, "comment_user_id", limit=256) or sender
    comment_id = content.text("comment_id")
    item_id = optional(content, "reply_to_item_id") or optional(content, "item_id")
    body = WrittenMessage(
        message_id=comment_id,
        author_kind="agent" if author_id and author_id == account else "customer",
        author_name=optional(content, "nick_name", limit=256),
        text=content.text("content", "", limit=TEXT_LIMIT),
        reply_to_message_id=optional(content, "reply_to_comment_id"),
        is_public=True,
        reply_address=account,
    )
    at_us = instant_us(content, "create_time")
    thread_id = item_id or comment_id
    return IncomingEvent(f"{name}:{comment_id}", KIND, thread_id, body, at_us, author_id)
