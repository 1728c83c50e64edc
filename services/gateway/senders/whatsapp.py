"""WhatsApp Business Platform: free messages for 24 hours after the customer wrote, then templates.

The API has no idempotency key. A message carries its part's key all the same, and statuses bring
it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.gateway.channels.whatsapp import WhatsAppSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.attached import check_token, link, unsendable
from services.gateway.senders.meta.graph import post, text_of
from services.gateway.senders.sender import Platform
from services.gateway.senders.splitting import cut, signed, split

_WINDOW_US = 24 * 3600 * 1_000_000
_TEXT_LIMIT = 4096
# Of an image's caption, and of a message with buttons.
_SHORT_TEXT_LIMIT = 1024
_MOST_BUTTONS = 3
_BUTTON_LIMIT = 20
_MOST_ROWS = 10
_ROW_LIMIT = 24
_ROW_ID_LIMIT = 200
_LIST_LABEL = "…"

_TYPES: Mapping[str, str] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "document",
    "sticker": "sticker",
}
_CAPTIONED = frozenset({"image", "video", "document"})

_Message = dict[str, object]


class WhatsAppSender:
    kind = "whatsapp"
    idempotent = False

    def plan(self, reply: Reply, settings: WhatsAppSettings, now_us: int) -> Sequence[Part]:
        check_token(settings.access_token, "access_token")
        number_id, to = _addressee(reply, settings)
        messages = _messages(reply, settings, now_us)
        if reply.reply_to_message_id:
            messages[0][1]["context"] = {"message_id": reply.reply_to_message_id}
        return [
            Part(f"{reply.reply_id}:{index}", text, {"number": number_id, "message": to | message})
            for index, (text, message) in enumerate(messages)
        ]

    async def send(self, part: Part, settings: WhatsAppSettings, platform: Platform) -> str:
        message = part.payload["message"]
        assert isinstance(message, dict)
        body = {"messaging_product": "whatsapp", **message, "biz_opaque_callback_data": part.key}
        answer = await post(f"{part.payload['number']}/messages", body, settings, platform)
        messages = answer.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        return text_of(first, "id") if isinstance(first, dict) else ""


def _addressee(reply: Reply, settings: WhatsAppSettings) -> tuple[str, _Message]:
    number_id, _, customer = reply.thread_id.rpartition(":")
    number_id = number_id or settings.phone_number_id
    if not number_id or not customer:
        raise ReplyRefusedError(
            "no_address",
            f"the thread {reply.thread_id!r} names no number to write from, or nobody to write to",
            "set phone_number_id in the account's settings",
        )
    if customer.isdigit():
        return number_id, {"recipient_type": "individual", "to": customer}
    if "." in customer:  # the user's id towards the business, "US.1349…"
        return number_id, {"recipient_type": "individual", "recipient": customer}
    return number_id, {"recipient_type": "group", "to": customer}


def _messages(reply: Reply, settings: WhatsAppSettings, now_us: int) -> list[tuple[str, _Message]]:
    if reply.template is not None:
        return [(reply.text, _template(*reply.template))]
    if now_us - reply.last_customer_at_us > _WINDOW_US:
        raise ReplyRefusedError(
            "window_closed",
            "WhatsApp takes free messages for 24 hours after the customer wrote last",
            "send an approved template",
        )
    text = signed(reply.text.strip(), reply, settings.sign)
    attachments = list(reply.attachments)
    messages: list[tuple[str, _Message]] = []
    if attachments and not reply.quick_replies and _fits_below(text, attachments[0]):
        messages.append((text, _media(attachments.pop(0), text)))
        text = ""
    messages += [("", _media(attachment)) for attachment in attachments]
    texts = _texts(text, reply)
    # Quick replies stand last: what the customer sees at the end of the chat.
    messages = [*messages, *texts] if reply.quick_replies else [*texts, *messages]
    if not messages:
        raise ReplyRefusedError("empty", "the reply says nothing", "write a text or attach a file")
    return messages


def _template(name: str, language: str, parameters: Sequence[str]) -> _Message:
    template: _Message = {"name": name, "language": {"code": language}}
    if parameters:
        texts = [{"type": "text", "text": parameter} for parameter in parameters]
        template["components"] = [{"type": "body", "parameters": texts}]
    return {"type": "template", "template": template}


def _fits_below(text: str, attachment: Attachment) -> bool:
    captioned = _TYPES.get(attachment.kind) in _CAPTIONED
    return bool(text) and captioned and len(text) <= _SHORT_TEXT_LIMIT


def _media(attachment: Attachment, caption: str = "") -> _Message:
    kind = _TYPES.get(attachment.kind)
    if kind is None:
        return _text(link(attachment))
    if not attachment.url and not attachment.media_id:
        raise unsendable(attachment)
    media: _Message = {"link": attachment.url} if attachment.url else {"id": attachment.media_id}
    if caption:
        media["caption"] = caption
    if kind == "document" and attachment.name:
        media["filename"] = attachment.name
    return {"type": kind, kind: media}


def _texts(text: str, reply: Reply) -> list[tuple[str, _Message]]:
    parts = split(text, _TEXT_LIMIT)
    if not reply.quick_replies:
        return [(part, _text(part)) for part in parts]
    if not parts:
        raise ReplyRefusedError(
            "no_text", "WhatsApp shows quick replies below a text", "write a text"
        )
    parts[-1:] = split(parts[-1], _SHORT_TEXT_LIMIT)
    *plain, last = parts
    return [
        *((part, _text(part)) for part in plain),
        (last, _choice(last, reply.quick_replies)),
    ]


def _text(text: str) -> _Message:
    return {"type": "text", "text": {"body": text, "preview_url": "https://" in text}}


def _choice(text: str, replies: Sequence[tuple[str, str]]) -> _Message:
    if len(replies) > _MOST_ROWS:
        raise ReplyRefusedError(
            "too_many_quick_replies",
            f"WhatsApp shows at most {_MOST_ROWS} quick replies; these are {len(replies)}",
            "offer fewer",
        )
    ids = [_row_id(title, value) for title, value in replies]
    if len(replies) <= _MOST_BUTTONS:
        kind, action = "button", _buttons(ids, [cut(title, _BUTTON_LIMIT) for title, _ in replies])
    else:
        kind, action = "list", _list(ids, [cut(title, _ROW_LIMIT) for title, _ in replies])
    interactive = {"type": kind, "body": {"text": text}, "action": action}
    return {"type": "interactive", "interactive": interactive}


def _buttons(ids: Sequence[str], titles: Sequence[str]) -> _Message:
    buttons = [
        {"type": "reply", "reply": {"id": one, "title": title}}
        for one, title in zip(ids, titles, strict=True)
    ]
    return {"buttons": buttons}


def _list(ids: Sequence[str], titles: Sequence[str]) -> _Message:
    rows = [{"id": one, "title": title} for one, title in zip(ids, titles, strict=True)]
    return {"button": _LIST_LABEL, "sections": [{"rows": rows}]}


def _row_id(title: str, value: str) -> str:
    row_id = value or title
    if len(row_id) > _ROW_ID_LIMIT:
        raise ReplyRefusedError(
            "quick_reply_too_long",
            f"what a quick reply stands for has {len(row_id)} characters",
            f"use at most {_ROW_ID_LIMIT}",
        )
    return row_id
