"""What WhatsApp, Messenger and Instagram have in common on their sending side: Meta's Graph API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

# The token of an account whose access has run out.
EXPIRED_TOKEN = "expired"  # noqa: S105  # no secret: a word that asks for the error
# Whoever is addressed so makes the API throttle.
THROTTLED = "130429"

_BEARER = "Bearer "


class GraphError(Exception):
    """A refusal in Meta's words."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


Call = Callable[[Mapping[str, str], Mapping[str, object]], Mapping[str, object]]


def answering(call: Call) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a call of the API: token and JSON before it, errors as Meta writes them after it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            _check_token(request.headers.get("authorization", ""))
            return web.json_response(call(request.match_info, await _object(request)))
        except GraphError as error:
            body = {
                "message": f"(#{error.code}) {error}",
                "type": "OAuthException",
                "code": error.code,
                "fbtrace_id": "sandbox",
            }
            return web.json_response({"error": body}, status=error.status)

    return handle


def _check_token(header: str) -> None:
    token = header.removeprefix(_BEARER)
    if not header.startswith(_BEARER) or not token:
        raise GraphError(190, "An access token is required", 401)
    if token == EXPIRED_TOKEN:
        raise GraphError(190, "Error validating access token: Session has expired", 401)


async def _object(request: web.Request) -> Mapping[str, object]:
    try:
        body = await request.json()
    except ValueError:
        raise GraphError(100, "The request body is not JSON") from None
    if not isinstance(body, dict):
        raise GraphError(100, "The request body is not an object")
    return body


def member(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise GraphError(100, f"Invalid parameter: {name} must be an object")
    return value


def members(body: Mapping[str, object], name: str, most: int) -> list[Mapping[str, object]]:
    """Return a list of objects that is not empty and not longer than ``most``."""
    values = body.get(name)
    if not isinstance(values, list) or not 1 <= len(values) <= most:
        raise GraphError(100, f"Invalid parameter: {name} must hold 1 to {most} entries")
    return [member({name: value}, name) for value in values]


def words(body: Mapping[str, object], name: str, most: int) -> str:
    """Return a text that is not empty and not longer than ``most`` characters."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise GraphError(100, f"Invalid parameter: {name} is required")
    if len(value) > most:
        raise GraphError(100, f"Param {name} must be at most {most} characters long")
    return value


def throttle(addressee: str) -> None:
    if addressee.endswith(THROTTLED):
        raise GraphError(130429, "Rate limit hit", 429)
