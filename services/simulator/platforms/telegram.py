"""Telegram's Bot API, the sending side."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

# The token of a bot that was deleted, and chats that stand for what can happen.
REVOKED_TOKEN = "0:revoked"  # noqa: S105  # no secret: a word that asks for the error
BLOCKING_CHAT = 403
BUSY_CHAT = 429
_BUSY_SECONDS = 3
_TEXT_LIMIT = 4096
_CAPTION_LIMIT = 1024
_CALLBACK_LIMIT = 64
_MEDIA = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendDocument": "document",
    "sendSticker": "sticker",
}


class _BotError(Exception):
    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.parameters = parameters


class TelegramSandbox(Sandbox):
    kind = "telegram"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def call(request: web.Request) -> web.Response:
            try:
                message_id = _take(request.match_info, await _object(request), book)
            except _BotError as error:
                refusal = {"ok": False, "error_code": error.status, "description": str(error)}
                told = {"parameters": error.parameters} if error.parameters else {}
                return web.json_response({**refusal, **told}, status=error.status)
            return web.json_response({"ok": True, "result": {"message_id": message_id}})

        return [web.post("/bot{token}/{method}", call)]


async def _object(request: web.Request) -> Mapping[str, object]:
    try:
        body = await request.json()
    except ValueError:
        raise _BotError(400, "Bad Request: can't parse JSON") from None
    if not isinstance(body, dict):
        raise _BotError(400, "Bad Request: can't parse JSON")
    return body


def _take(path: Mapping[str, str], message: Mapping[str, object], book: Book) -> int:
    if path["token"] == REVOKED_TOKEN or ":" not in path["token"]:
        raise _BotError(401, "Unauthorized")
    chat = message.get("chat_id")
    if not isinstance(chat, int):
        raise _BotError(400, "Bad Request: chat not found")
    if chat == BLOCKING_CHAT:
        raise _BotError(403, "Forbidden: bot was blocked by the user")
    if chat == BUSY_CHAT:
        raise _BotError(429, "Too Many Requests: retry after 3", retry_after=_BUSY_SECONDS)
    text = _said(path["method"], message)
    _check_buttons(message.get("reply_markup"))
    topic = message.get("message_thread_id")
    connection = message.get("business_connection_id")
    thread = f"{chat}:{topic}" if topic else str(chat)
    return int(book.keep(f"{connection}:{thread}" if connection else thread, text, message))


def _said(method: str, message: Mapping[str, object]) -> str:
    if method == "sendMessage":
        text = message.get("text")
        if not isinstance(text, str) or not text.strip():
            raise _BotError(400, "Bad Request: message text is empty")
        if len(text) > _TEXT_LIMIT:
            raise _BotError(400, "Bad Request: message is too long")
        return text
    if method not in _MEDIA:
        raise _BotError(404, "Not Found")
    if not message.get(_MEDIA[method]):
        raise _BotError(400, f"Bad Request: there is no {_MEDIA[method]} in the request")
    caption = message.get("caption", "")
    if not isinstance(caption, str) or len(caption) > _CAPTION_LIMIT:
        raise _BotError(400, "Bad Request: message caption is too long")
    return caption


def _check_buttons(markup: object) -> None:
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else []
    for button in (button for row in rows or [] for button in row):
        data = button.get("callback_data", "") if isinstance(button, dict) else ""
        if not 0 < len(str(data).encode()) <= _CALLBACK_LIMIT:
            raise _BotError(400, "Bad Request: BUTTON_DATA_INVALID")
