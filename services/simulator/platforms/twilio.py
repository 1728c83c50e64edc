"""Twilio's Messages and Conversations APIs, the sending side."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import web

from services.simulator.platforms.platform import Book, Sandbox

_TEXT_LIMIT = 1600
_MOST_MEDIA = 10
# The number that is always busy: whoever sends to it is told to come back.
_BUSY = "+15005550429"


_Fields: TypeAlias = dict[str, list[str]]
_Take: TypeAlias = Callable[[web.Request, _Fields, Book], dict[str, object]]


class _RefusedError(Exception):
    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class TwilioSandbox(Sandbox):
    kind = "twilio"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def message(request: web.Request) -> web.Response:
            return await _answered(request, book, _message)

        async def conversation(request: web.Request) -> web.Response:
            return await _answered(request, book, _in_conversation)

        return [
            web.post("/2010-04-01/Accounts/{account}/Messages.json", message),
            web.post("/v1/Conversations/{conversation}/Messages", conversation),
        ]


async def _answered(request: web.Request, book: Book, take: _Take) -> web.Response:
    try:
        _check_credentials(request)
        form = await request.post()
        fields = {name: [str(one) for one in form.getall(name)] for name in form}
        return web.json_response(take(request, fields, book), status=201)
    except _RefusedError as error:
        body = {"code": error.code, "message": str(error), "status": error.status}
        headers = (
            {"Retry-After": "2"} if error.status == web.HTTPTooManyRequests.status_code else {}
        )
        return web.json_response(body, status=error.status, headers=headers)


def _check_credentials(request: web.Request) -> None:
    scheme, _, packed = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = b64decode(packed, validate=True).decode().partition(":")
    except ValueError:
        user, password = "", ""
    if scheme != "Basic" or not user or not password:
        raise _RefusedError(20003, "Authenticate", 401)


def _message(request: web.Request, fields: _Fields, book: Book) -> dict[str, object]:
    to, text = _first(fields, "To"), _first(fields, "Body")
    media = fields.get("MediaUrl", [])
    if not to:
        raise _RefusedError(21604, "A 'To' phone number is required.")
    if to.endswith(_BUSY):
        raise _RefusedError(20429, "Too Many Requests", 429)
    if not (_first(fields, "From") or _first(fields, "MessagingServiceSid")):
        raise _RefusedError(21603, "A 'From' phone number is required.")
    if not (text or media or _first(fields, "ContentSid")):
        raise _RefusedError(21619, "A text message body or media urls must be specified.")
    if len(text) > _TEXT_LIMIT:
        raise _RefusedError(21617, "The concatenated message body exceeds the 1600 character limit")
    if len(media) > _MOST_MEDIA:
        raise _RefusedError(21623, "Number of media files exceeds allowed limit")
    number = book.keep(to, text or _first(fields, "ContentSid"), dict(fields))
    return {
        "sid": f"SM{number.zfill(32)}",
        "account_sid": request.match_info["account"],
        "to": to,
        "from": _first(fields, "From") or None,
        "body": text,
        "num_media": str(len(media)),
        "status": "queued",
        "error_code": None,
    }


def _in_conversation(request: web.Request, fields: _Fields, book: Book) -> dict[str, object]:
    thread, text = request.match_info["conversation"], _first(fields, "Body")
    if not text:
        raise _RefusedError(50501, "Message body or media is required")
    number = book.keep(thread, text, dict(fields))
    return {"sid": f"IM{number.zfill(32)}", "conversation_sid": thread, "body": text}


def _first(fields: _Fields, name: str) -> str:
    return next(iter(fields.get(name, [])), "")
