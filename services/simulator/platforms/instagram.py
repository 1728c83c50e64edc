"""Instagram's messages, and the answers to comments."""

from __future__ import annotations

from aiohttp import web

from services.simulator.platforms.meta_conversations import Rules, routes
from services.simulator.platforms.platform import Book, Sandbox


class InstagramSandbox(Sandbox):
    kind = "instagram"

    def routes(self, book: Book) -> list[web.RouteDef]:
        rules = Rules(text=1000, comment=2200, edge="replies", measure=_bytes)
        return routes(rules, book)


def _bytes(text: str) -> int:
    return len(text.encode())
