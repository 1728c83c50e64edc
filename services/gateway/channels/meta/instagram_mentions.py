"""Where others mention an account: the webhook names the place, the API tells the words."""

from __future__ import annotations

from services.gateway.channels.meta.pieces import Conversation
from services.gateway.domain.fields import TEXT_LIMIT, Fields, read_object
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage

MENTIONS = "mentions"
# A reply's address: the media, and the comment where it was one.
MENTION_ADDRESS = "mention:"

_COMMENT = "mentioned_comment"
_MEDIA = "mentioned_media"


def mention_of(value: Fields) -> str:
    """Return what is to be asked for: "media" or "media:comment"."""
    for name in ("media_id", "comment_id"):
        number = value.identifier(name, "0")
        if not (number.isascii() and number.isdigit()):
            value.complain(name, "is no number")
    comment_id = value.identifier("comment_id", "")
    return ":".join(filter(None, (value.identifier("media_id"), comment_id)))


def fields_of(mention: str) -> str:
    """Return the API's ``fields`` that tell of a mention."""
    media_id, _, comment_id = mention.partition(":")
    if comment_id:
        return f"{_COMMENT}.comment_id({comment_id}){{id,text,timestamp,username}}"
    return f"{_MEDIA}.media_id({media_id}){{id,caption,timestamp,username}}"


def read_mention(body: bytes, channel: str, mention: str) -> IncomingEvent:
    """Return the message of the API's answer. Raise ``InvalidRequestError`` when it has none."""
    answer = read_object(body)
    media_id, _, comment_id = mention.partition(":")
    told = answer.object(_COMMENT if comment_id else _MEDIA)
    username = told.text("username", "")
    message = WrittenMessage(
        message_id=comment_id or media_id,
        author_kind="customer",
        author_name=username,
        text=told.text("text" if comment_id else "caption", "", limit=TEXT_LIMIT),
        reply_to_message_id=media_id if comment_id else "",
        is_public=True,
        reply_address=MENTION_ADDRESS + mention,
    )
    here = Conversation(channel, media_id, username, told.instant("timestamp"))
    return here.event(comment_id or media_id, message)
