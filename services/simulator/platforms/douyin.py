"""Douyin's open API, the sending side of private messages and comments."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

# The token that has run out, and whoever is addressed so finds the system busy.
EXPIRED_TOKEN = "expired"  # noqa: S105  # no secret: a word that asks for the error
BUSY = "busy"
_MESSAGE_CHARACTERS = 1000
_COMMENT_CHARACTERS = 100


class _DouyinError(Exception):
    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


class DouyinSandbox(Sandbox):
    kind = "douyin"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def call(request: web.Request) -> web.Response:
            try:
                told = _answer(request, await _object(request), book)
            except _DouyinError as error:
                refusal = {"error_code": error.code, "description": str(error)}
                return web.json_response({"data": refusal, "extra": refusal})
            return web.json_response(told)

        return [
            web.post("/oauth/client_token/", call),
            web.post("/im/send/msg/", call),
            web.post("/item/comment/reply/", call),
        ]


async def _object(request: web.Request) -> Mapping[str, object]:
    try:
        body = await request.json()
    except ValueError:
        raise _DouyinError(2100005, "参数不合法") from None
    if not isinstance(body, dict):
        raise _DouyinError(2100005, "参数不合法")
    return body


def _answer(request: web.Request, body: Mapping[str, object], book: Book) -> dict[str, object]:
    if request.path.endswith("/client_token/"):
        _words(body, "client_key", 64)
        _words(body, "client_secret", 64)
        token = {"access_token": "clt.sandbox", "expires_in": 7200, "error_code": 0}
        return {"data": token, "message": "success"}
    token_given = request.headers.get("access-token", "")
    if not token_given or token_given == EXPIRED_TOKEN:
        raise _DouyinError(2190008, "access_token过期,请刷新或重新授权")
    if not request.query.get("open_id"):
        raise _DouyinError(2100005, "open_id 不能为空")
    if request.path.endswith("/im/send/msg/"):
        return _message(body, book)
    text = _words(body, "content", _COMMENT_CHARACTERS)
    comment_id = book.keep(_words(body, "item_id", 512), text, body)
    return {"data": {"comment_id": f"@{comment_id}", "error_code": 0, "description": ""}}


def _message(body: Mapping[str, object], book: Book) -> dict[str, object]:
    to = _words(body, "to_user_id", 512)
    if to == BUSY:
        raise _DouyinError(2100004, "系统繁忙,请稍候再试")
    for name in ("msg_id", "conversation_id", "scene"):
        _words(body, name, 512)
    content = body.get("content")
    if not isinstance(content, dict):
        raise _DouyinError(2100005, "content 不能为空")
    inner = {1: "text", 2: "image", 3: "video"}.get(content.get("msg_type", 0), "")
    part = content.get(inner)
    if not isinstance(part, dict):
        raise _DouyinError(2100005, "msg_type 不合法")
    text = _words(part, "text", _MESSAGE_CHARACTERS) if inner == "text" else ""
    message_id = book.keep(to, text, body)
    return {"data": {"error_code": 0, "description": ""}, "msg_id": f"@{message_id}"}


def _words(body: Mapping[str, object], name: str, most: int) -> str:
    text = body.get(name)
    if not isinstance(text, str) or not text:
        raise _DouyinError(2100005, f"{name} 不能为空")
    if len(text) > most:
        raise _DouyinError(2100005, f"{name} 过长")
    return text
