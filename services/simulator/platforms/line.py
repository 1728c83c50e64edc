"""LINE's Messaging API, the sending side: pushes, which come once however often they are sent."""

from __future__ import annotations

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

EXPIRED_TOKEN = "expired"  # noqa: S105  # no secret: a word that asks for the error
# Whoever is addressed so is over the account's monthly limit, or over its rate.
OVER_MONTH = "Umonth"
OVER_RATE = "Urate"
_MOST_MESSAGES = 5
_MOST_QUICK_REPLIES = 13
_TEXT_LIMIT = 5000
_KINDS = frozenset({"text", "image", "video", "audio", "sticker", "location"})
_ADDRESSES = ("originalContentUrl", "previewImageUrl")


class _LineError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class LineSandbox(Sandbox):
    kind = "line"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def push(request: web.Request) -> web.Response:
            try:
                return await _push(request, book)
            except _LineError as error:
                return web.json_response({"message": str(error)}, status=error.status)

        return [web.post("/v2/bot/message/push", push)]


async def _push(request: web.Request, book: Book) -> web.Response:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token in ("", EXPIRED_TOKEN):
        raise _LineError(401, "Authentication failed. Confirm that the access token is valid.")
    key = request.headers.get("x-line-retry-key", "")
    if known := book.find(key):
        return web.json_response(
            {
                "message": "The retry key is already accepted",
                "sentMessages": [{"id": known.message_id}],
            },
            status=409,
            headers={"x-line-accepted-request-id": known.message_id},
        )
    body = await _object(request)
    to, messages = body.get("to"), body.get("messages")
    if not isinstance(to, str) or not to:
        raise _LineError(400, "The property, 'to', in the request body is invalid")
    if to == OVER_MONTH:
        raise _LineError(429, "You have reached your monthly limit.")
    if to == OVER_RATE:
        raise _LineError(429, "The API rate limit has been exceeded.")
    if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST_MESSAGES:
        raise _LineError(400, "Size must be between 1 and 5")
    texts = [_said(message) for message in messages]
    message_id = book.keep(to, "\n\n".join(filter(None, texts)), body, key=key)
    sent = [{"id": message_id, "quoteToken": f"q{message_id}"}]
    return web.json_response({"sentMessages": sent})


async def _object(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _LineError(400, "The request body could not be parsed as JSON")
    return body


def _said(message: object) -> str:
    if not isinstance(message, dict) or message.get("type") not in _KINDS:
        raise _LineError(400, "Must be one of the following values: [text, image, …]")
    choices = message.get("quickReply", {"items": []})["items"]
    if len(choices) > _MOST_QUICK_REPLIES:
        raise _LineError(400, "The number of quick replies must be at most 13")
    if message["type"] == "text":
        text = message.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= _TEXT_LIMIT:
            raise _LineError(400, "Length must be between 0 and 5000")
        return text
    if message["type"] in ("image", "video"):
        for name in _ADDRESSES:
            if not str(message.get(name, "")).startswith("https://"):
                raise _LineError(400, f"{name}: invalid uri scheme")
    return ""
