"""X's API, version 2, the sending side: posts and direct messages."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

# Whoever is addressed so takes no direct messages; whoever is answered so is over the limit.
CLOSED_USER = "403"
BUSY_POST = "429"
_MESSAGE_LIMIT = 10_000
# The real limit weighs characters; nobody may send more than this many of the lightest.
_POST_LIMIT = 280
_MOST_PICTURES = 4
_RESET = "4102444800"


class _XError(Exception):
    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


_Take = Callable[[web.Request, dict[str, object], Book], dict[str, str]]


class XSandbox(Sandbox):
    kind = "x"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def post(request: web.Request) -> web.Response:
            return await _answered(request, _post, book)

        async def message(request: web.Request) -> web.Response:
            return await _answered(request, _message, book)

        return [
            web.post("/2/tweets", post),
            web.post("/2/dm_conversations/with/{user}/messages", message),
            web.post("/2/dm_conversations/{conversation}/messages", message),
        ]


async def _answered(request: web.Request, take: _Take, book: Book) -> web.Response:
    try:
        _check_authorization(request.headers.get("authorization", ""))
        data = take(request, await _object(request), book)
    except _XError as error:
        body = {"title": error.title, "detail": str(error), "status": error.status}
        reset = {"x-rate-limit-reset": _RESET} if error.status == 429 else {}  # noqa: PLR2004
        return web.json_response(body, status=error.status, headers=reset)
    return web.json_response({"data": data}, status=201)


def _check_authorization(header: str) -> None:
    is_signed = header.startswith("OAuth ") and 'oauth_signature="' in header
    is_bearer = header.startswith("Bearer ") and len(header) > len("Bearer ")
    if not (is_signed or is_bearer):
        raise _XError(401, "Unauthorized", "Unauthorized")


async def _object(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _XError(400, "Invalid Request", "The request body is not a JSON object")
    return body


def _post(request: web.Request, body: dict[str, object], book: Book) -> dict[str, str]:
    _ = request
    text, reply, media = body.get("text", ""), body.get("reply", {}), body.get("media", {})
    if not isinstance(reply, dict) or not isinstance(media, dict):
        raise _XError(400, "Invalid Request", "One or more parameters to your request was invalid.")
    answered = str(reply.get("in_reply_to_tweet_id", ""))
    if answered == BUSY_POST:
        raise _XError(429, "Too Many Requests", "Too Many Requests")
    pictures = media.get("media_ids", [])
    if not isinstance(text, str) or not (text or pictures) or len(pictures) > _MOST_PICTURES:
        raise _XError(400, "Invalid Request", "One or more parameters to your request was invalid.")
    if len(text) > _POST_LIMIT and "http" not in text:
        raise _XError(403, "Forbidden", "You are not permitted to perform this action.")
    if text and text in book.texts(answered):
        detail = "You are not allowed to create a Tweet with duplicate content."
        raise _XError(403, "Forbidden", detail)
    return {"id": book.keep(answered, text, body), "text": text}


def _message(request: web.Request, body: dict[str, object], book: Book) -> dict[str, str]:
    to = request.match_info.get("user") or request.match_info["conversation"]
    if to == CLOSED_USER:
        raise _XError(403, "Forbidden", "You cannot send messages to this user.")
    text, attachments = body.get("text", ""), body.get("attachments", [])
    if not isinstance(text, str) or not (text or attachments) or len(text) > _MESSAGE_LIMIT:
        raise _XError(400, "Invalid Request", "One or more parameters to your request was invalid.")
    return {"dm_conversation_id": to, "dm_event_id": book.keep(to, text, body)}
