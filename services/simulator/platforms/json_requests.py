"""Reading what a sender posts, as platforms do that speak JSON."""

from __future__ import annotations

import base64
import json

from aiohttp import web


async def read_object(request: web.Request) -> dict[str, object]:
    """Return the body's object, an empty one for anything else."""
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def bearer(request: web.Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def claims_of(token: str) -> dict[str, object]:
    """Return what a signed token claims, unproved; nothing for what is no token."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  # header, claims, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
