"""Version 2: the X Activity API's envelope, and posts as the filtered stream sends them."""

from __future__ import annotations

from services.gateway.channels.platform_json import child
from services.gateway.channels.x.media import MOST_MEDIA, point
from services.gateway.channels.x.posts import (
    KIND,
    LIKE,
    full_text,
    language,
    name_of,
)
from services.gateway.domain.fields import Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    IncomingEvent,
    MessageDeletion,
    Reaction,
    WrittenMessage,
)

# The one kind of event within a conversation that somebody wrote.
MESSAGE = "MessageCreate"
_MOST_INCLUDED = 500
_URL_LIMIT = 4_096
_KINDS: dict[str, AttachmentKind] = {"photo": "image", "video": "video", "animated_gif": "video"}


def post(data: Fields, includes: Fields, own_id: str) -> IncomingEvent:
    """Read a post with what it refers to. ``own_id``: whose posts are an agent's; "" is nobody."""
    if "text" not in data and "note_tweet" not in data:
        data.complain("text", "is missing")
    # Who asks for no more is told the id and the text alone.
    author_id = data.identifier("author_id", "")
    referred = {
        one.text("type"): one.identifier("id")
        for one in data.objects("referenced_tweets", limit=MOST_MEDIA)
    }
    shared, quoted = referred.get("retweeted", ""), referred.get("quoted", "")
    versions = data.texts("edit_history_tweet_ids", limit=MOST_MEDIA)
    own = data.identifier("id")
    body = WrittenMessage(
        message_id=versions[0] if versions else own,
        author_kind="agent" if author_id and author_id == own_id else "customer",
        author_name=name_of(_included(includes, "users", "id", author_id)),
        text=_text(data, includes, shared),
        reply_to_message_id=referred.get("replied_to", ""),
        language_hint=language(data),
        edited=bool(versions) and versions[0] != own,
        attachments=_attachments(data, includes),
        location=point(child(child(data, "geo"), "coordinates")),
        quoted_text=full_text(_included(includes, "tweets", "id", quoted)) if quoted else "",
        is_public=True,
        reply_address=author_id,
    )
    thread = data.identifier("conversation_id", "") or body.reply_to_message_id or shared or own
    return IncomingEvent(own, KIND, thread, body, data.instant("created_at"), author_id)


def activity(data: Fields, includes: Fields, own_id: str) -> IncomingEvent | None:
    """Read one event of the envelope; None when it is of a type that has no form here."""
    kind, payload = data.text("event_type"), data.object("payload")
    if kind == "post.delete":
        deleted = payload.identifier("id")
        author_id = payload.identifier("author_id", "")
        return IncomingEvent(
            f"{deleted}:deleted", KIND, deleted, MessageDeletion(deleted), None, author_id
        )
    if kind == "like.create":
        return _like(data, payload, own_id)
    if kind.startswith("dm.") and payload.text("event_type", MESSAGE) == MESSAGE:
        return direct_message(payload, includes, own_id) if "sender_id" in payload else None
    if kind.startswith("post.") and "text" in payload:
        return post(payload, includes, own_id)
    return None


def _like(data: Fields, payload: Fields, own_id: str) -> IncomingEvent:
    liked = payload.identifier("liked_tweet_id", "") or payload.identifier("tweet_id")
    outbound = child(data, "filter").text("direction", "") == "outbound"
    return IncomingEvent(
        event_id=data.identifier("event_uuid"),
        channel=KIND,
        thread_id=liked,
        body=Reaction(liked, LIKE),
        occurred_at_us=payload.instant("created_at"),
        author_id=payload.identifier("user_id", own_id if outbound else ""),
    )


def direct_message(payload: Fields, includes: Fields, own_id: str) -> IncomingEvent:
    """Read the flat form, whose conversation of two is named by both."""
    sender_id = payload.identifier("sender_id", "")
    conversation = payload.identifier("dm_conversation_id", "") or sender_id
    others = [one for one in conversation.split("-") if one != own_id]
    customer = others[0] if len(others) == 1 else conversation
    body = WrittenMessage(
        message_id=payload.identifier("id"),
        author_kind="agent" if sender_id and sender_id == own_id else "customer",
        author_name=name_of(_included(includes, "users", "id", sender_id)),
        text=full_text(payload),
        attachments=_attachments(payload, includes),
    )
    return IncomingEvent(
        body.message_id,
        KIND,
        f"{own_id}:{customer}" if own_id else conversation,
        body,
        payload.instant("created_at"),
        sender_id,
    )


def _included(includes: Fields, kind: str, name: str, wanted: str) -> Fields:
    """Return what was expanded beside the post; an object without fields when it was not."""
    for entry in includes.objects(kind, limit=_MOST_INCLUDED):
        found = child(entry, "data") if "data" in entry else entry
        if found.identifier(name, "") == wanted:
            return found
    return Fields({}, includes.place_of(kind))


def _text(data: Fields, includes: Fields, shared: str) -> str:
    """Return the text; a repost's own is cut short, so that of what it repeats is taken."""
    original = _included(includes, "tweets", "id", shared) if shared else Fields({}, "")
    whole = full_text(original)
    author = _included(includes, "users", "id", original.identifier("author_id", ""))
    name = author.text("username", "")
    return f"RT @{name}: {whole}" if whole and name else full_text(data)


def _attachments(data: Fields, includes: Fields) -> tuple[Attachment, ...]:
    keys = child(data, "attachments").texts("media_keys", limit=MOST_MEDIA)
    return tuple(_medium(key, _included(includes, "media", "media_key", key)) for key in keys)


def _medium(key: str, media: Fields) -> Attachment:
    best, url = -1.0, media.text("url", "", limit=_URL_LIMIT)
    for variant in media.objects("variants", limit=MOST_MEDIA):
        if variant.text("content_type", "") == "video/mp4":
            rate = variant.number("bit_rate") if "bit_rate" in variant else 0.0
            if rate > best:
                best, url = rate, variant.text("url", limit=_URL_LIMIT)
    return Attachment(
        _KINDS.get(media.text("type", ""), "file"),
        media_id=key,
        url=url or media.text("preview_image_url", "", limit=_URL_LIMIT),
        media_type="video/mp4" if best >= 0 else "",
    )
