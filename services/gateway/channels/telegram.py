"""Telegram's Bot API: a shared secret in a header, one update a request.

The body is not signed; TLS and the secret are all there is. Telegram sends an update again until
it is answered 2xx and holds back the following ones, so whatever is authentic and has an
``update_id`` is accepted: what cannot be understood is kept as it came.
"""

from __future__ import annotations

import hmac
import re

from services.gateway.channels.base import PlatformChannel, SecretSettings
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Identifier,
    IncomingEvent,
    UnrecognisedEvent,
    WrittenMessage,
)

TOKEN_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # a header's name

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TYPE = re.compile(r"[a-z_]{1,64}")
_UNNAMED = "update"

# What Telegram tells about a chat in the shape of a message: nobody wrote these.
_SERVICE_FIELDS = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
    "pinned_message",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "general_forum_topic_hidden",
    "general_forum_topic_unhidden",
    "video_chat_scheduled",
    "video_chat_started",
    "video_chat_ended",
    "video_chat_participants_invited",
    "write_access_allowed",
)


class TelegramChannel(PlatformChannel):
    """``POST /v1/telegram/{organisation}/{account}``."""

    kind = "telegram"
    path = "/v1/telegram"

    def check(self, settings: SecretSettings) -> None:
        if not all(_SECRET.fullmatch(secret) for secret in settings.secrets):
            raise ValueError(
                "a secret is the secret_token given to setWebhook: 1 to 256 characters of "
                "A-Z, a-z, 0-9, _ and -"
            )

    def verify(
        self, request: InboundRequest, settings: SecretSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        offered = request.headers.get(TOKEN_HEADER, "").encode(errors="surrogateescape")
        matches = [hmac.compare_digest(secret.encode(), offered) for secret in settings.secrets]
        if not any(matches):
            raise RefusedError(f"{TOKEN_HEADER} is not the account's secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        update = read_object(request.body)
        event_id = str(update.integer("update_id"))
        for name in ("message", "edited_message"):
            if name not in update:
                continue
            try:
                return [self._message(update.object(name), event_id, edited=name != "message")]
            except InvalidRequestError as error:
                return [self._unrecognised(request, event_id, name, str(error))]
        return [self._unrecognised(request, event_id, _type_of(update))]

    def _message(self, message: Fields, event_id: str, *, edited: bool) -> IncomingEvent:
        for name in _SERVICE_FIELDS:
            if name in message:
                message.complain(name, "tells of the chat; nobody wrote it")
        author = message.object("from")
        sent_at = message.integer("edit_date" if edited else "date")
        body = WrittenMessage(
            message_id=str(message.integer("message_id")),
            author_kind="bot" if author.flag("is_bot") else "customer",
            author_name=_name(author),
            text=message.text("text", "", limit=TEXT_LIMIT)
            or message.text("caption", "", limit=TEXT_LIMIT),
            reply_to_message_id=_replied_to(message),
            language_hint=author.text("language_code", ""),
            identifiers=_own_contact(message, author),
            edited=edited,
        )
        return IncomingEvent(
            event_id=event_id,
            channel=self.kind,
            thread_id=_thread(message),
            body=body,
            occurred_at_us=sent_at * 1_000_000 if sent_at > 0 else None,
            author_id=str(author.integer("id")),
        )

    def _unrecognised(
        self, request: InboundRequest, event_id: str, name: str, reason: str = ""
    ) -> IncomingEvent:
        body = UnrecognisedEvent(name, request.body, reason)
        return IncomingEvent(event_id, self.kind, "", body, None)


def _type_of(update: Fields) -> str:
    """Return the update's one other field: Telegram names the type by it."""
    names = [name for name in update.names() if name != "update_id"]
    return names[0] if names and _TYPE.fullmatch(names[0]) else _UNNAMED


def _thread(message: Fields) -> str:
    """Return the chat, which in private is the customer; a forum's topics are apart."""
    chat = str(message.object("chat").integer("id"))
    if message.flag("is_topic_message"):
        return f"{chat}:{message.integer('message_thread_id')}"
    return chat


def _name(author: Fields) -> str:
    names = (author.text("first_name", ""), author.text("last_name", ""))
    return " ".join(filter(None, names)) or author.text("username", "")


def _replied_to(message: Fields) -> str:
    if "reply_to_message" not in message:
        return ""
    return str(message.object("reply_to_message").integer("message_id"))


def _own_contact(message: Fields, author: Fields) -> tuple[Identifier, ...]:
    """Return the author's phone number when they share it; somebody else's says nothing of them."""
    if "contact" not in message:
        return ()
    contact = message.object("contact")
    if "user_id" not in contact or contact.integer("user_id") != author.integer("id"):
        return ()
    return (Identifier("phone", contact.text("phone_number")),)
