"""A Mastodon server, the sending side: statuses, which come once however often they are sent."""

from __future__ import annotations

import re

from aiohttp import web

from services.simulator.platforms.json_requests import bearer, read_object
from services.simulator.platforms.platform import Book, Sandbox

EXPIRED_TOKEN = "expired"  # noqa: S105  # no secret: a word that asks for the error
OVER_RATE_TOKEN = "hasty"  # noqa: S105  # likewise
GONE_STATUS = "404"
_LONGEST = 500
_URL = re.compile(r"https?://\S+")
_MENTION = re.compile(r"@([A-Za-z0-9_.-]+)@[A-Za-z0-9.-]+")
_VISIBILITIES = ("public", "unlisted", "private", "direct")


class MastodonSandbox(Sandbox):
    kind = "mastodon"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def post(request: web.Request) -> web.Response:
            return await _post(request, book)

        return [web.post("/api/v1/statuses", post)]


async def _post(request: web.Request, book: Book) -> web.Response:
    token = bearer(request)
    if token in ("", EXPIRED_TOKEN):
        return _error(401, "The access token is invalid")
    if token == OVER_RATE_TOKEN:
        return _error(429, "Too many requests")
    body = await read_object(request)
    if body.get("in_reply_to_id") == GONE_STATUS:
        return _error(404, "The post you are trying to reply to does not appear to exist.")
    if problem := _problem(body):
        return _error(422, f"Validation failed: {problem}")
    status, parent = str(body["status"]), body.get("in_reply_to_id")
    key = request.headers.get("idempotency-key", "")
    status_id = book.keep(str(parent or ""), status, body, key=key)
    return web.json_response(
        {"id": status_id, "visibility": body.get("visibility", "public"), "content": status}
    )


def _problem(body: dict[str, object]) -> str:
    status = body.get("status")
    if not isinstance(status, str) or not status.strip():
        return "Text can't be blank"
    if _length(status) > _LONGEST:
        return f"Text character limit of {_LONGEST} exceeded"
    if body.get("visibility", "public") not in _VISIBILITIES:
        return "Visibility is not included in the list"
    return ""


def _length(status: str) -> int:
    return len(_URL.sub("x" * 23, _MENTION.sub(lambda found: f"@{found[1]}", status)))


def _error(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
