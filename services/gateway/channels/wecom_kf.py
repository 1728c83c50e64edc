"""What WeCom's customer service tells when it is pulled: the answer of ``kf/sync_msg``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.gateway.channels.wechat_bodies import (
    coordinates,
    digest,
    optional,
    read_json_texts,
    seconds,
)
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    AuthorKind,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

KIND = "wecom"
_MOST_MESSAGES = 5000
_MOST_CHOICES = 50
_MOST_MERGED = 500

# Who wrote it, by "origin".
_CUSTOMER, _SYSTEM, _SERVICER = "3", "4", "5"
_AUTHORS: Mapping[str, AuthorKind] = {
    _CUSTOMER: "customer",
    _SYSTEM: "system",
    _SERVICER: "agent",
}
_MEDIA: Mapping[str, AttachmentKind] = {
    "image": "image",
    "voice": "audio",
    "video": "video",
    "file": "file",
}
_FAILURES = {
    "0": "for a reason that WeCom does not know",
    "1": "the customer-service account is deleted",
    "2": "the application is closed",
    "4": "the customer wrote more than 48 hours ago",
    "5": "the session is closed",
    "6": "five messages had been sent since the customer wrote",
    "7": "no Channels account is bound",
    "8": "the organisation is not verified",
    "9": "no Channels account is bound, and the organisation is not verified",
    "10": "the customer refuses messages",
}


def thread_of(open_kfid: str, external_userid: str) -> str:
    return ":".join(filter(None, (open_kfid, external_userid))) if external_userid else ""


def pulled_events(body: bytes) -> list[IncomingEvent]:
    """Read an answer of ``sync_msg``. Raise ``InvalidRequestError`` when it is none."""
    return listed_events(read_json_texts(body))


def listed_events(answer: Fields) -> list[IncomingEvent]:
    return [message_event(one) for one in answer.entries("msg_list", limit=_MOST_MESSAGES)]


def message_event(message: Fields) -> IncomingEvent:
    """Read one message; what cannot be read does not stop the others."""
    try:
        return _event(message)
    except InvalidRequestError as error:
        try:
            message_id = optional(message, "msgid", limit=128)
            kind = optional(message, "msgtype", limit=64)
        except InvalidRequestError:
            message_id = kind = ""
        body = UnrecognisedEvent(kind or "message", message.as_json(), str(error))
        return IncomingEvent(message_id or digest(message.as_json()), KIND, "", body, None)


def _event(message: Fields) -> IncomingEvent:
    message_id = optional(message, "msgid", limit=128) or digest(message.as_json())
    at_us = seconds(message, "send_time")
    kind = message.text("msgtype", limit=64)
    if kind == "event":
        event = message.object("event")
        customer = optional(event, "external_userid")
        thread_id = thread_of(optional(event, "open_kfid"), customer)
        body = _happening(event, message)
        return IncomingEvent(message_id, KIND, thread_id, body, at_us, customer)
    servicer, customer = optional(message, "servicer_userid"), message.text("external_userid")
    origin = optional(message, "origin", limit=8) or (_SERVICER if servicer else _CUSTOMER)
    if origin not in _AUTHORS:
        message.complain("origin", "is none of 3, 4 and 5")
    author_id = {"customer": customer, "agent": servicer}.get(_AUTHORS[origin], "")
    thread_id = thread_of(optional(message, "open_kfid"), customer)
    written = _written(message, kind, message_id, _AUTHORS[origin])
    return IncomingEvent(message_id, KIND, thread_id, written, at_us, author_id)


def _happening(event: Fields, message: Fields) -> IncomingBody:
    kind = event.text("event_type", limit=64)
    if kind == "msg_send_fail":
        code = optional(event, "fail_type", limit=16)
        reason = _FAILURES.get(code, f"WeCom names failure {code}")
        return Receipt("failed", (event.text("fail_msgid"),), code=code, reason=reason)
    if kind in {"user_recall_msg", "servicer_recall_msg"}:
        return MessageDeletion(event.text("recall_msgid"))
    return UnrecognisedEvent(kind, message.as_json())


def _written(message: Fields, kind: str, message_id: str, author: AuthorKind) -> IncomingBody:
    if kind not in _MEDIA and kind not in _READERS and kind != "location":
        return UnrecognisedEvent(kind, message.as_json())
    content = message.object(kind)
    text, payload, quoted = "", "", ""
    attachments: tuple[Attachment, ...] = ()
    location = None
    if kind in _MEDIA:
        media = Attachment(
            _MEDIA[kind], media_id=content.text("media_id"), name=optional(content, "filename")
        )
        attachments = (media,)
    elif kind == "location":
        name, address = optional(content, "name"), optional(content, "address")
        location = coordinates(content, "latitude", "longitude", name, address)
    else:
        text, payload, quoted, attachments = _READERS[kind](content)
    return WrittenMessage(
        message_id=message_id,
        author_kind=author,
        author_name="",
        text=text,
        attachments=attachments,
        location=location,
        quoted_text=quoted,
        payload=payload,
    )


# Text, payload, quoted text and attachments.
_Read = tuple[str, str, str, tuple[Attachment, ...]]


def _text(content: Fields) -> _Read:
    text = content.text("content", "", limit=TEXT_LIMIT)
    return text, optional(content, "menu_id"), "", ()


def _link(content: Fields) -> _Read:
    card = Attachment("link", url=optional(content, "url"), name=optional(content, "title"))
    return "", "", "", (card,)


def _mini_program(content: Fields) -> _Read:
    card = Attachment(
        "link",
        media_id=optional(content, "thumb_media_id"),
        url=optional(content, "pagepath"),
        name=optional(content, "title"),
    )
    return "", "", "", (card,)


def _business_card(content: Fields) -> _Read:
    userid = content.text("userid")
    return "", "", "", (Attachment("contact", media_id=userid, name=userid),)


def _menu(content: Fields) -> _Read:
    lines = [optional(content, "head_content")]
    for choice in content.objects("list", limit=_MOST_CHOICES):
        inner = choice.object(choice.text("type", limit=32))
        lines.append(optional(inner, "content"))
    lines.append(optional(content, "tail_content"))
    return "\n".join(filter(None, lines)), "", "", ()


def _channels(content: Fields) -> _Read:
    card = Attachment("link", name=optional(content, "title") or optional(content, "nickname"))
    return "", "", "", (card,)


def _product(content: Fields) -> _Read:
    card = Attachment(
        "link",
        media_id=optional(content, "product_id"),
        url=optional(content, "head_image"),
        name=optional(content, "title"),
    )
    return "", "", "", (card,)


def _order(content: Fields) -> _Read:
    card = Attachment(
        "link",
        media_id=optional(content, "order_id"),
        url=optional(content, "image_url"),
        name=optional(content, "product_titles"),
    )
    return "", "", "", (card,)


def _merged(content: Fields) -> _Read:
    lines = [
        f"{optional(item, 'sender_name')}: {_merged_words(item)}"
        for item in content.objects("item", limit=_MOST_MERGED)
    ]
    return optional(content, "title"), "", "\n".join(lines), ()


def _merged_words(item: Fields) -> str:
    """Return what one of the messages says: ``msg_content`` is a message, as JSON in a text."""
    told = item.values().get("msg_content")
    if isinstance(told, str):
        if not told.lstrip().startswith("{"):
            return optional(item, "msg_content")
        try:
            message = read_json_texts(told.encode(errors="replace"))
        except InvalidRequestError:
            return optional(item, "msg_content")
    else:
        message = item.object("msg_content")
    kind = optional(item, "msgtype", limit=64) or optional(message, "msgtype", limit=64) or "text"
    # What a merged conversation repeats has its pictures with the others.
    if not isinstance(message.values().get(kind), dict):
        return f"[{kind}]"
    content = message.object(kind)
    words = (optional(content, name) for name in ("content", "title", "name", "url"))
    return next(filter(None, words), f"[{kind}]")


_READERS: Mapping[str, Callable[[Fields], _Read]] = {
    "text": _text,
    "link": _link,
    "miniprogram": _mini_program,
    "business_card": _business_card,
    "msgmenu": _menu,
    "channels": _channels,
    "channels_shop_product": _product,
    "channels_shop_order": _order,
    "merged_msg": _merged,
}
