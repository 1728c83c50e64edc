"""App Store Connect, the sending side: one response a review; another one replaces it."""

from __future__ import annotations

from aiohttp import web

from services.simulator.platforms.json_requests import bearer, claims_of, read_object
from services.simulator.platforms.platform import Book, Sandbox

GONE_REVIEW = "404"
BUSY_REVIEW = "503"
_LONGEST = 5_970
_LONGEST_LIFE_SECONDS = 1_200
_RESPONSES = "customerReviewResponses"


class AppStoreSandbox(Sandbox):
    kind = "app_store"

    def routes(self, book: Book) -> list[web.RouteDef]:
        async def respond(request: web.Request) -> web.Response:
            return await _respond(request, book)

        return [web.post(f"/v1/{_RESPONSES}", respond)]


async def _respond(request: web.Request, book: Book) -> web.Response:
    if not _is_token(bearer(request)):
        return _error(401, "NOT_AUTHORIZED", "Provide a properly signed bearer token")
    data = _inner(await read_object(request), "data")
    text = _inner(data, "attributes").get("responseBody")
    review = _inner(_inner(_inner(data, "relationships"), "review"), "data").get("id")
    if data.get("type") != _RESPONSES or not isinstance(review, str) or not review:
        return _error(409, "ENTITY_ERROR.RELATIONSHIP.REQUIRED", "You must name a review")
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
        return _error(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", "The response is too long or empty")
    if review == GONE_REVIEW:
        return _error(404, "NOT_FOUND", "There is no resource of type 'customerReviews'")
    if review == BUSY_REVIEW:
        return _error(503, "UNEXPECTED_ERROR", "Try again later")
    response_id = book.keep(review, text, data)
    told = {"responseBody": text, "state": "PENDING_PUBLISH"}
    answer = {"type": _RESPONSES, "id": response_id, "attributes": told}
    return web.json_response({"data": answer}, status=201)


def _is_token(token: str) -> bool:
    claims = claims_of(token)
    issued, expires = claims.get("iat"), claims.get("exp")
    return (
        claims.get("aud") == "appstoreconnect-v1"
        and isinstance(issued, int)
        and isinstance(expires, int)
        and 0 < expires - issued <= _LONGEST_LIFE_SECONDS
    )


def _inner(holder: dict[str, object], name: str) -> dict[str, object]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _error(status: int, code: str, detail: str) -> web.Response:
    error = {"status": str(status), "code": code, "title": code.title(), "detail": detail}
    return web.json_response({"errors": [error]}, status=status)
