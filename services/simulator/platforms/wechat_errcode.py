"""What WeChat's and WeCom's sending APIs have in common: tokens in the address, ``errcode``."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

# The secret that is wrong, and whoever is addressed so is late, or finds the system busy.
WRONG_SECRET = "wrong"  # noqa: S105  # no secret: a word that asks for the error
LATE = "late"
BUSY = "busy"

_TEXT_BYTES = 2048
_MENU_BYTES = 1024
_MOST_CHOICES = 10
_LIFETIME_SECONDS = 7200
_MEDIA = frozenset({"image", "voice", "video", "file"})


class ErrcodeError(Exception):
    """A refusal in the platform's words; its answer has the status 200 all the same."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode = errcode


Call = Callable[[Mapping[str, object]], Mapping[str, object]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def issued(owner: str, secret: str) -> Mapping[str, object]:
    """Return a token; the same owner gets the same one."""
    if not owner:
        raise ErrcodeError(40013, "invalid appid")
    if not secret or secret == WRONG_SECRET:
        raise ErrcodeError(40001, "invalid credential")
    token = {"access_token": f"token-{owner}", "expires_in": _LIFETIME_SECONDS}
    return {"errcode": 0, "errmsg": "ok", **token}


def answering(call: Call, *, token: bool = True) -> Handler:
    """Wrap a call of the API: token and JSON before it, ``errcode`` after it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            if token:
                _check_token(request)
            return web.json_response(call(await _object(request)))
        except ErrcodeError as error:
            return web.json_response({"errcode": error.errcode, "errmsg": str(error)})

    return handle


def uploading() -> Handler:
    """Take a file; only its type and size are looked at."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            _check_token(request)
            kind = request.query.get("type", "")
            if kind not in _MEDIA:
                raise ErrcodeError(40004, "invalid media type")
            media = (await request.post()).get("media")
            if not isinstance(media, web.FileField):
                raise ErrcodeError(41005, "media data missing")
            size = len(media.file.read())
            if not size:
                raise ErrcodeError(44001, "empty media data")
        except ErrcodeError as error:
            return web.json_response({"errcode": error.errcode, "errmsg": str(error)})
        told = {"errcode": 0, "type": kind, "media_id": f"media-{kind}-{size}"}
        return web.json_response(told)

    return handle


def _check_token(request: web.Request) -> None:
    token = request.query.get("access_token", "")
    if not token:
        raise ErrcodeError(41001, "access_token missing")
    if not token.startswith("token-"):
        raise ErrcodeError(40001, "invalid credential, access_token is invalid or not latest")


async def _object(request: web.Request) -> Mapping[str, object]:
    if request.method == "GET":
        return dict(request.query)
    raw = await request.read()
    # The real ones show an escaped character as it stands.
    if b"\\u" in raw:
        raise ErrcodeError(47001, "data format error: write characters as UTF-8")
    try:
        body = json.loads(raw)
    except ValueError:
        raise ErrcodeError(47001, "data format error") from None
    if not isinstance(body, dict):
        raise ErrcodeError(47001, "data format error")
    return body


def addressee(message: Mapping[str, object]) -> str:
    to = message.get("touser")
    if not isinstance(to, str) or not to:
        raise ErrcodeError(40003, "invalid openid")
    if to == BUSY:
        raise ErrcodeError(-1, "system error")
    return to


def text_of(message: Mapping[str, object], extra: frozenset[str]) -> str:
    """Return what the customer reads; ``extra`` are the types that only this API has."""
    kind = message.get("msgtype")
    if not isinstance(kind, str) or kind not in _MEDIA | extra | {"text"}:
        raise ErrcodeError(40008, "invalid message type")
    content = message.get(kind)
    if not isinstance(content, dict):
        raise ErrcodeError(40035, f"missing {kind}")
    if kind == "text":
        return _words(content, "content", _TEXT_BYTES)
    if kind == "msgmenu":
        choices = content.get("list")
        if not isinstance(choices, list) or not 1 <= len(choices) <= _MOST_CHOICES:
            raise ErrcodeError(40035, "a menu has 1 to 10 entries")
        return _words(content, "head_content", _MENU_BYTES) if content.get("head_content") else ""
    if kind == "news":
        articles = content.get("articles")
        if not isinstance(articles, list) or len(articles) != 1:
            raise ErrcodeError(45008, "article size out of limit")
        return ""
    if not content.get("media_id"):
        raise ErrcodeError(40007, "invalid media_id")
    return ""


def _words(content: Mapping[str, object], name: str, most: int) -> str:
    text = content.get(name)
    if not isinstance(text, str) or not text:
        raise ErrcodeError(44004, "empty content")
    if len(text.encode()) > most:
        raise ErrcodeError(45002, "content size out of limit")
    return text
