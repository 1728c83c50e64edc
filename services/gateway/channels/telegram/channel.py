"""Telegram's Bot API: a shared secret in a header, one update a request.

The body is not signed; TLS and the secret are all there is. Telegram sends an update again until
it is answered 2xx and holds back the following ones, so whatever is authentic and has an
``update_id`` is accepted: what cannot be understood is kept as it came.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.platform_json import child, seconds
from services.gateway.channels.telegram import captures, messages
from services.gateway.channels.telegram.media import person
from services.gateway.channels.telegram.settings import TelegramSettings
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Engagement,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    UnrecognisedEvent,
    WrittenMessage,
)

TOKEN_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # a header's name
_KIND = "telegram"

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TYPE = re.compile(r"[a-z_]{1,64}")
_UNNAMED = "update"
_MOST_ENTRIES = 1_000


class TelegramChannel(PlatformChannel):
    """``POST /v1/telegram/{organisation}/{account}``."""

    kind = _KIND
    path = "/v1/telegram"
    settings = TelegramSettings

    def check(self, settings: TelegramSettings) -> None:
        if not all(_SECRET.fullmatch(secret) for secret in settings.secrets):
            raise ValueError(
                "a secret is the secret_token given to setWebhook: 1 to 256 characters of "
                "A-Z, a-z, 0-9, _ and -"
            )

    def verify(
        self, request: InboundRequest, settings: TelegramSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        offered = request.headers.get(TOKEN_HEADER, "").encode(errors="surrogateescape")
        matches = [hmac.compare_digest(secret.encode(), offered) for secret in settings.secrets]
        if not any(matches):
            raise RefusedError(f"{TOKEN_HEADER} is not the account's secret")
        return request

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        document = read_object(request.body)
        return [
            event
            for entry in captures.updates(document)
            for event in _read(entry, request.body if entry is document else entry.as_json())
        ]


def _read(entry: Fields, body: bytes) -> list[IncomingEvent]:
    """Read an update. One without an id, which only captures hold, is named by its bytes."""
    update = captures.enveloped(entry, _READERS)
    name = _type_of(update)
    if "update_id" not in update and (name in _READERS or update is not entry):
        event_id = sha256(body).hexdigest()
    else:
        event_id = str(update.integer("update_id"))
    reader = _READERS.get(name)
    if reader is None:
        return [_other(update, event_id, name, body)]
    try:
        return reader(update.object(name), event_id, name)
    except InvalidRequestError as error:
        return [_kept(update, event_id, name, UnrecognisedEvent(name, body, str(error)))]


def _kept(update: Fields, event_id: str, name: str, body: UnrecognisedEvent) -> IncomingEvent:
    """Keep what was not understood, with as much of its frame as can be read."""
    kept = replace(body, type=_kept_name(update, name))
    try:
        entry = update.object(name)
        frame = entry.object("message") if name == "callback_query" else entry
        return IncomingEvent(
            event_id,
            _KIND,
            messages.thread(frame),
            kept,
            messages.sent_at_us(entry, edited=name.startswith("edited_")),
            messages.author(entry).author_id,
        )
    except InvalidRequestError:
        return IncomingEvent(event_id, _KIND, "", kept, None)


def _type_of(update: Fields) -> str:
    """Return the update's one other field: Telegram names the type by it."""
    names = [name for name in update.names() if name != "update_id"]
    known = [name for name in names if name in _READERS] or names
    return known[0] if known and _TYPE.fullmatch(known[0]) else _UNNAMED


def _kept_name(update: Fields, name: str) -> str:
    """Return the type, with what kind of message it is where nobody wrote it."""
    message = update.values().get(name)
    if not isinstance(message, dict) or _READERS[name] is not _message:
        return name
    kind = messages.kind_of(Fields(message, name))
    is_known = kind in ("message_id", "text", "caption") or not _TYPE.fullmatch(kind)
    return name if is_known else f"{name}.{kind}"


def _other(update: Fields, event_id: str, name: str, body: bytes) -> IncomingEvent:
    """Keep what has no form here, with author and time where they stand in the usual places."""
    kept = UnrecognisedEvent(name, body)
    try:
        entry = child(update, name)
        user = child(entry, "user" if "user" in entry else "from")
        author_id = str(user.integer("id")) if user.names() else ""
        at_us = seconds(entry, "date")
        placed = messages.thread(entry) if "chat" in entry else ""
    except InvalidRequestError:
        return IncomingEvent(event_id, _KIND, "", kept, None)
    return IncomingEvent(event_id, _KIND, placed, kept, at_us, author_id)


def _message(message: Fields, event_id: str, name: str) -> list[IncomingEvent]:
    edited = name.startswith("edited_")
    body = messages.written(message, edited=edited)
    return [
        IncomingEvent(
            event_id,
            _KIND,
            messages.thread(message),
            body if body.message_id else replace(body, message_id=event_id),
            messages.sent_at_us(message, edited=edited),
            messages.author(message).author_id,
        )
    ]


def _callback(query: Fields, event_id: str, name: str) -> list[IncomingEvent]:
    """Read a pressed button; Telegram does not say when it was pressed."""
    _ = name
    user = query.object("from")
    message = child(query, "message")
    data = query.text("data", "", limit=TEXT_LIMIT) or query.text("game_short_name", "")
    body = WrittenMessage(
        message_id=query.identifier("id"),
        author_kind="customer",
        author_name=person(user),
        text=_pressed(message, data),
        reply_to_message_id=messages.message_id(message) if message.names() else "",
        language_hint=user.text("language_code", ""),
        payload=data,
        reply_address=message.text("business_connection_id", ""),
    )
    author_id = str(user.integer("id"))
    # The button of an inline message stands in a chat of which the bot is told nothing.
    placed = messages.thread(message) if message.names() else author_id
    return [IncomingEvent(event_id, _KIND, placed, body, None, author_id)]


def _pressed(message: Fields, data: str) -> str:
    """Return what stood on the button."""
    keyboard = child(message, "reply_markup").values().get("inline_keyboard")
    rows = keyboard if isinstance(keyboard, list) else []
    for row in rows[:_MOST_ENTRIES]:
        for button in row if isinstance(row, list) else []:
            if isinstance(button, dict) and button.get("callback_data") == data:
                return Fields(button, "reply_markup").text("text", "", limit=TEXT_LIMIT)
    return ""


def _reactions(change: Fields, event_id: str, name: str) -> list[IncomingEvent]:
    """Read which reactions somebody took back and which they gave, one event each."""
    _ = name
    author = child(change, "user" if "user" in change else "actor_chat")
    target = str(change.integer("message_id"))
    old = [_emoji(one) for one in change.objects("old_reaction", limit=_MOST_ENTRIES)]
    new = [_emoji(one) for one in change.objects("new_reaction", limit=_MOST_ENTRIES)]
    bodies = [Reaction(target, one, removed=True) for one in old if one not in new]
    bodies += [Reaction(target, one) for one in new if one not in old]
    if not bodies:
        change.complain("new_reaction", "is what it was")
    author_id = str(author.integer("id")) if author.names() else ""
    return _several(bodies, change, event_id, author_id, seconds(change, "date"))


def _emoji(reaction: Fields) -> str:
    return (
        reaction.text("emoji", "")
        or reaction.text("custom_emoji_id", "")
        or reaction.text("type", "")
    )


def _counts(change: Fields, event_id: str, name: str) -> list[IncomingEvent]:
    _ = name
    counts = change.objects("reactions", limit=_MOST_ENTRIES)
    total = sum(one.integer("total_count") for one in counts)
    body = Engagement(str(change.integer("message_id")), likes=total)
    return _several([body], change, event_id, "", seconds(change, "date"))


def _deletions(change: Fields, event_id: str, name: str) -> list[IncomingEvent]:
    """Read deletions in a business's chat, one event each; Telegram says neither when nor by whom.

    Such chats are with one customer each.
    """
    _ = name
    listed = change.values().get("message_ids")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_ENTRIES:
        change.complain("message_ids", f"is no list of 1 to {_MOST_ENTRIES} numbers")
    ids = Fields({str(index): one for index, one in enumerate(listed)}, "message_ids")
    bodies = [MessageDeletion(str(ids.integer(index))) for index in ids.names()]
    return _several(bodies, change, event_id, "", None)


def _several(
    bodies: list[IncomingBody] | list[Reaction] | list[Engagement] | list[MessageDeletion],
    change: Fields,
    event_id: str,
    author_id: str,
    at_us: int | None,
) -> list[IncomingEvent]:
    placed = messages.thread(change)
    return [
        IncomingEvent(
            f"{event_id}:{index}" if index else event_id, _KIND, placed, body, at_us, author_id
        )
        for index, body in enumerate(bodies)
    ]


_Reader = Callable[[Fields, str, str], list[IncomingEvent]]
_READERS: Mapping[str, _Reader] = {
    "message": _message,
    "edited_message": _message,
    "channel_post": _message,
    "edited_channel_post": _message,
    "business_message": _message,
    "edited_business_message": _message,
    "guest_message": _message,
    "callback_query": _callback,
    "message_reaction": _reactions,
    "message_reaction_count": _counts,
    "deleted_business_messages": _deletions,
}
