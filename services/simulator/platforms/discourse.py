"""A Discourse forum, the sending side: posts, personal messages, chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from aiohttp import web

from services.simulator.platforms.json_requests import read_object
from services.simulator.platforms.platform import Book, Sandbox

# Whoever signs so is over the forum's rate; a topic of this number is closed.
OVER_RATE = "hasty"
CLOSED_TOPIC = 404
_SHORTEST, _LONGEST = 5, 32_000
_LONGEST_CHAT = 6_000

_Act: TypeAlias = Callable[[web.Request, dict[str, object], Book], dict[str, object]]


class _ForumError(Exception):
    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind


class DiscourseSandbox(Sandbox):
    kind = "discourse"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def post(request: web.Request) -> web.Response:
            return await _answer(request, book, _post)

        async def chat(request: web.Request) -> web.Response:
            return await _answer(request, book, _chat)

        return [web.post("/posts.json", post), web.post("/chat/{channel}.json", chat)]


async def _answer(request: web.Request, book: Book, act: _Act) -> web.Response:
    try:
        _let_in(request)
        return web.json_response(act(request, await read_object(request), book))
    except _ForumError as error:
        body = {"errors": [str(error)], "error_type": error.kind}
        wait = {"Retry-After": "12"} if error.status == 429 else {}  # noqa: PLR2004  # HTTP's own
        return web.json_response(body, status=error.status, headers=wait)


def _let_in(request: web.Request) -> None:
    username = request.headers.get("api-username", "")
    if not request.headers.get("api-key") or not username:
        raise _ForumError(403, "invalid_access", "You are not permitted to view that.")
    if username == OVER_RATE:
        raise _ForumError(429, "rate_limit", "You've performed this action too many times.")


def _post(request: web.Request, body: dict[str, object], book: Book) -> dict[str, object]:
    _ = request
    raw, topic = body.get("raw"), body.get("topic_id")
    if not isinstance(raw, str) or not _SHORTEST <= len(raw) <= _LONGEST:
        raise _ForumError(
            422, "invalid_parameters", f"Body must be {_SHORTEST} to {_LONGEST} characters"
        )
    if body.get("archetype") == "private_message":
        to = body.get("target_recipients")
        if not isinstance(to, str) or not to or not body.get("title"):
            raise _ForumError(422, "invalid_parameters", "You must select a valid user.")
        return _told(book.keep(f"@{to}", raw, body), 1)
    if not isinstance(topic, int) or topic == CLOSED_TOPIC:
        raise _ForumError(403, "invalid_access", "You are not permitted to reply to that topic.")
    return _told(book.keep(str(topic), raw, body), topic)


def _told(message_id: str, topic: int) -> dict[str, object]:
    return {"id": int(message_id), "topic_id": topic, "post_number": 2, "post_type": 1}


def _chat(request: web.Request, body: dict[str, object], book: Book) -> dict[str, object]:
    message = body.get("message")
    if not isinstance(message, str) or not 0 < len(message) <= _LONGEST_CHAT:
        raise _ForumError(422, "invalid_parameters", "Message is too long or empty")
    kept = book.keep(f"chat:{request.match_info['channel']}", message, body)
    return {"success": "OK", "message_id": int(kept)}
