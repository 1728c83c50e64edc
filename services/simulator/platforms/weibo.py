"""Weibo's API, the sending side of the fans service."""

from __future__ import annotations

import json

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

# The token that has run out, and whoever is addressed so makes the API throttle.
EXPIRED_TOKEN = "expired"  # noqa: S105  # no secret: a word that asks for the error
BUSY = "10023"
_MESSAGE_CHARACTERS = 300
_COMMENT_CHARACTERS = 140


class _WeiboError(Exception):
    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class WeiboSandbox(Sandbox):
    kind = "weibo"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def call(request: web.Request) -> web.Response:
            form = {name: str(value) for name, value in (await request.post()).items()}
            try:
                _check_token(form.pop("access_token", ""))
                is_comment = request.path.endswith("/comments/create.json")
                told = _comment(form, book) if is_comment else _message(form, book)
            except _WeiboError as error:
                refusal = {"error": str(error), "error_code": error.code, "request": request.path}
                return web.json_response(refusal, status=error.status)
            return web.json_response(told)

        return [
            web.post("/2/messages/reply.json", call),
            web.post("/2/comments/create.json", call),
        ]


def _check_token(token: str) -> None:
    if not token:
        raise _WeiboError(21301, "auth failed", 401)
    if token == EXPIRED_TOKEN:
        raise _WeiboError(21327, "expired_token", 401)


def _message(form: dict[str, str], book: Book) -> dict[str, object]:
    receiver = form.get("receiver_id", "")
    if receiver == BUSY:
        raise _WeiboError(10023, "User requests out of rate limit!", 403)
    if not receiver.isdigit():
        raise _WeiboError(10008, "param error: receiver_id")
    if form.get("type") != "text":
        raise _WeiboError(10008, "param error: type")
    try:
        data = json.loads(form.get("data", ""))
    except ValueError:
        raise _WeiboError(10008, "param error: data is no JSON") from None
    text = data.get("text") if isinstance(data, dict) else None
    book.keep(receiver, _words(text, _MESSAGE_CHARACTERS), dict(form))
    return {"result": True, "receiver_id": int(receiver), "type": "text", "data": form["data"]}


def _comment(form: dict[str, str], book: Book) -> dict[str, object]:
    post_id = form.get("id", "")
    if not post_id.isdigit():
        raise _WeiboError(20101, "target weibo does not exist!")
    text = _words(form.get("comment"), _COMMENT_CHARACTERS)
    comment_id = book.keep(post_id, text, dict(form))
    return {"id": int(comment_id), "idstr": comment_id, "text": text}


def _words(text: object, most: int) -> str:
    if not isinstance(text, str) or not text.strip():
        raise _WeiboError(20008, "content is null")
    if len(text) > most:
        raise _WeiboError(20012, f"text too long, please input text less than {most} characters")
    return text
