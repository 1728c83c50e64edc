"""Direct messages of the Account Activity API, and of the newer envelope that wraps them."""

from __future__ import annotations

from services.gateway.channels.platform_json import child, milliseconds
from services.gateway.channels.x.media import MOST_MEDIA, attachment, point
from services.gateway.channels.x.posts import (
    KIND,
    name_of,
    post_id,
    unescaped,
    written_at_us,
)
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    IncomingEvent,
    Location,
    Receipt,
    WrittenMessage,
)


def thread(own_id: str, sender_id: str, recipient_id: str) -> str:
    """Return the account and the customer: one webhook carries several accounts."""
    own = own_id or recipient_id
    customer = recipient_id if sender_id == own else sender_id
    return f"{own}:{customer}" if own else customer


def direct_message(entry: Fields, own_id: str, users: Fields) -> IncomingEvent:
    kind = entry.text("type", "message_create")
    if kind != "message_create":
        entry.complain("type", "is no message")
    message = entry.object("message_create")
    data = message.object("message_data")
    sender_id = message.identifier("sender_id")
    target = child(message, "target")
    conversation = target.identifier("conversation_id", "")
    named = entry if "id" in entry else data
    timed = entry if "created_timestamp" in entry else data
    is_own = sender_id == own_id
    body = WrittenMessage(
        message_id=named.identifier("id"),
        author_kind="agent" if is_own else "customer",
        author_name=_name(users, sender_id),
        text=unescaped(data.text("text", "", limit=TEXT_LIMIT)),
        attachments=_attachments(data),
        location=_location(data),
        payload=child(data, "quick_reply_response").text("metadata", "", limit=TEXT_LIMIT),
    )
    return IncomingEvent(
        event_id=body.message_id,
        channel=KIND,
        thread_id=f"{own_id}:{conversation}"
        if conversation
        else thread(own_id, sender_id, target.identifier("recipient_id", own_id)),
        body=body,
        occurred_at_us=milliseconds(timed, "created_timestamp"),
        author_id=sender_id,
    )


def first_direct_message(entry: Fields, own_id: str) -> IncomingEvent:
    """Read a message as the API's first version and its streams told it."""
    sender_id = entry.identifier("sender_id")
    body = WrittenMessage(
        message_id=post_id(entry),
        author_kind="agent" if sender_id == own_id else "customer",
        author_name=name_of(child(entry, "sender")),
        text=unescaped(entry.text("text", "", limit=TEXT_LIMIT)),
        attachments=tuple(
            attachment(media)
            for media in child(entry, "entities").objects("media", limit=MOST_MEDIA)
        ),
    )
    return IncomingEvent(
        body.message_id,
        KIND,
        thread(own_id, sender_id, entry.identifier("recipient_id")),
        body,
        written_at_us(entry),
        sender_id,
    )


def reading(entry: Fields, own_id: str) -> IncomingEvent:
    """Read a read receipt: whoever sends it has seen everything up to then."""
    sender_id = entry.identifier("sender_id")
    if sender_id == own_id:
        entry.complain("sender_id", "is the organisation's own: nothing of its was read")
    read_at_us = milliseconds(entry, "created_timestamp")
    return IncomingEvent(
        event_id=f"{sender_id}:{entry.identifier('last_read_event_id')}:read",
        channel=KIND,
        thread_id=thread(
            own_id, sender_id, child(entry, "target").identifier("recipient_id", own_id)
        ),
        body=Receipt("read", until_at_us=read_at_us or 0),
        occurred_at_us=read_at_us,
        author_id=sender_id,
    )


def _name(users: Fields, sender_id: str) -> str:
    """Return the name in the map of users, whose entries the newer envelope wraps once more."""
    user = child(users, sender_id)
    return name_of(child(user, "data") if "data" in user else user)


def _attachments(data: Fields) -> tuple[Attachment, ...]:
    place = child(data, "attachment")
    if "media" not in place:
        return ()
    if isinstance(place.values()["media"], list):
        return tuple(attachment(media) for media in place.objects("media", limit=MOST_MEDIA))
    return (attachment(place.object("media")),)


def _location(data: Fields) -> Location | None:
    shared = child(child(data, "attachment"), "location")
    spot = child(child(shared, "shared_coordinate"), "coordinates")
    place = child(child(shared, "shared_place"), "place")
    if not place.names():
        return point(spot)
    corners = child(place, "centroid") if isinstance(place.values().get("centroid"), dict) else spot
    return point(corners, name=place.text("full_name", ""))
