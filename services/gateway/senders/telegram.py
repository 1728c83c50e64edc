"""Telegram's Bot API: one call a message. It drops nothing that is sent twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.gateway.channels.telegram.settings import TelegramSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.attached import (
    check_sayable,
    check_token,
    unsendable,
    with_links,
)
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import signed, split, utf8_length, utf16_length

_TEXT_LIMIT = 4096
_CAPTION_LIMIT = 1024
_CALLBACK_LIMIT = 64
_MOST_BUTTONS = 100
# On behalf of a business a bot may only write where the customer wrote within a day.
_BUSINESS_WINDOW_US = 24 * 3600 * 1_000_000
_SECOND_US = 1_000_000

_METHODS: Mapping[str, tuple[str, str]] = {
    "image": ("sendPhoto", "photo"),
    "video": ("sendVideo", "video"),
    "audio": ("sendAudio", "audio"),
    "file": ("sendDocument", "document"),
    "sticker": ("sendSticker", "sticker"),
}

_Call = tuple[str, str, dict[str, object]]


class TelegramSender:
    kind = "telegram"
    idempotent = False

    def plan(self, reply: Reply, settings: TelegramSettings, now_us: int) -> Sequence[Part]:
        check_token(settings.bot_token, "bot_token")
        check_sayable(reply)
        address = _address(reply, now_us)
        calls = _calls(reply, settings)
        if reply.reply_to_message_id:
            calls[0][2]["reply_parameters"] = {
                "message_id": _number(reply.reply_to_message_id),
                "allow_sending_without_reply": True,
            }
        if reply.quick_replies:
            calls[-1][2]["reply_markup"] = {"inline_keyboard": _keyboard(reply)}
        return [
            Part(
                f"{reply.reply_id}:{index}",
                text,
                {"method": method, "message": {**address, **message}},
            )
            for index, (method, text, message) in enumerate(calls)
        ]

    async def send(self, part: Part, settings: TelegramSettings, platform: Platform) -> str:
        base = settings.api_base.rstrip("/")
        url = f"{base}/bot{settings.bot_token}/{part.payload['method']}"
        answer = await platform.request("POST", url, json=part.payload["message"])
        _raise_for(answer)
        result = json_object(answer).get("result")
        message_id = result.get("message_id") if isinstance(result, dict) else None
        return str(message_id) if isinstance(message_id, int) else ""


def _address(reply: Reply, now_us: int) -> dict[str, object]:
    """Read the thread: a chat, a chat and its topic, or a business's connection and a chat."""
    first, _, second = reply.thread_id.partition(":")
    connection = reply.reply_address
    if connection or (second and not first.lstrip("-").isdigit()):
        if now_us - reply.last_customer_at_us > _BUSINESS_WINDOW_US:
            raise ReplyRefusedError(
                "window_closed",
                "Telegram takes messages of a business for 24 hours after the customer wrote last",
                "write from the business's own account, or answer on another channel",
            )
        chat = second or first
        return {"business_connection_id": connection or first, "chat_id": _number(chat)}
    if second:
        return {"chat_id": _number(first), "message_thread_id": _number(second)}
    return {"chat_id": _number(first)}


def _number(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise ReplyRefusedError(
            "no_address", f"{text!r} is no chat or message of Telegram", "answer in another thread"
        )
    return int(text)


def _calls(reply: Reply, settings: TelegramSettings) -> list[_Call]:
    text = signed(reply.text.strip(), reply, settings.sign)
    shown = [one for one in reply.attachments if one.kind in _METHODS]
    linked = [one for one in reply.attachments if one.kind not in _METHODS]
    text = with_links(text, linked)
    if shown and text and shown[0].kind != "sticker" and utf16_length(text) <= _CAPTION_LIMIT:
        return [_media(shown[0], text), *(_media(one, "") for one in shown[1:])]
    texts: list[_Call] = [
        ("sendMessage", part, {"text": part})
        for part in split(text, _TEXT_LIMIT, measure=utf16_length)
    ]
    return [*texts, *(_media(one, "") for one in shown)]


def _media(attachment: Attachment, caption: str) -> _Call:
    method, name = _METHODS[attachment.kind]
    where = attachment.url or attachment.media_id
    if not where:
        raise unsendable(attachment)
    message: dict[str, object] = {name: where}
    if caption:
        message["caption"] = caption
    return method, caption, message


def _keyboard(reply: Reply) -> list[list[dict[str, str]]]:
    if len(reply.quick_replies) > _MOST_BUTTONS:
        raise ReplyRefusedError(
            "too_many_quick_replies",
            f"Telegram shows at most {_MOST_BUTTONS} buttons",
            "offer fewer quick replies",
        )
    for title, payload in reply.quick_replies:
        if not title or not 0 < utf8_length(payload or title) <= _CALLBACK_LIMIT:
            raise ReplyRefusedError(
                "quick_reply_too_long",
                f"what the button {title!r} stands for must have 1 to {_CALLBACK_LIMIT} bytes",
                "shorten what the quick reply stands for",
            )
    return [
        [{"text": title, "callback_data": payload or title}]
        for title, payload in reply.quick_replies
    ]


def _raise_for(answer: PlatformAnswer) -> None:
    body = json_object(answer)
    said = body.get("description")
    reason = said if isinstance(said, str) else ""
    parameters = body.get("parameters")
    told = parameters if isinstance(parameters, dict) else {}
    wait = told.get("retry_after")
    if isinstance(wait, int):
        raise TryLaterError(f"Telegram answered: {reason}", wait * _SECOND_US)
    if "migrate_to_chat_id" in told:
        raise ReplyRefusedError(
            "chat_moved",
            reason or "the group became a supergroup",
            "answer in the thread of the group's new chat",
        )
    if "blocked" in reason or "deactivated" in reason:
        raise ReplyRefusedError("blocked", reason, "answer on another channel")
    raise_for(answer, reason=reason)
