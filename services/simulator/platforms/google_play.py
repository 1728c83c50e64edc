"""Google Play's developer API, the sending side: a token, then one answer a review."""

from __future__ import annotations

from aiohttp import web

from services.simulator.platforms.json_requests import bearer, claims_of, read_object
from services.simulator.platforms.platform import Book, Sandbox

GONE_REVIEW = "404"
BUSY_REVIEW = "503"
_LONGEST = 350
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# The first token is no longer taken when its number is this one: it asks for a second.
STALE_EMAIL = "stale@example.iam"


class GooglePlaySandbox(Sandbox):
    """Its token endpoint is "/token"."""

    kind = "google_play"

    def routes(self, book: Book) -> list[web.RouteDef]:
        tokens = _Tokens()

        async def reply(request: web.Request) -> web.Response:
            return await _reply(request, book, tokens)

        path = "/androidpublisher/v3/applications/{package}/reviews/{review}:reply"
        return [web.post("/token", tokens.give), web.post(path, reply)]


class _Tokens:
    def __init__(self) -> None:
        self._given: set[str] = set()
        self._count = 0

    async def give(self, request: web.Request) -> web.Response:
        form = await request.post()
        claims = claims_of(str(form.get("assertion", "")))
        email = claims.get("iss")
        if form.get("grant_type") != _GRANT or not isinstance(email, str):
            error = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return web.json_response(error, status=400)
        self._count += 1
        token = f"token-{self._count}"
        if email != STALE_EMAIL or self._count > 1:
            self._given.add(token)
        return web.json_response({"access_token": token, "expires_in": 3599, "scope": ""})

    def takes(self, token: str) -> bool:
        return token in self._given


async def _reply(request: web.Request, book: Book, tokens: _Tokens) -> web.Response:
    if not tokens.takes(bearer(request)):
        return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    review = request.match_info["review"]
    text = (await read_object(request)).get("replyText")
    if review == GONE_REVIEW:
        return _error(404, "NOT_FOUND", "Review not found.")
    if review == BUSY_REVIEW:
        return _error(503, "UNAVAILABLE", "The service is currently unavailable.")
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
        return _error(400, "INVALID_ARGUMENT", "Reply text is too long or empty.")
    book.keep(review, text, {"package": request.match_info["package"]})
    return web.json_response({"result": {"replyText": text, "lastEdited": {"seconds": "1"}}})


def _error(status: int, name: str, message: str) -> web.Response:
    return web.json_response(
        {"error": {"code": status, "message": message, "status": name}}, status=status
    )
