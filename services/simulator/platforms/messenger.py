"""Messenger's Send API, and the comments of a page."""

from __future__ import annotations

from aiohttp import web

from services.simulator.platforms.meta_conversations import Rules, routes
from services.simulator.platforms.platform import Book, Sandbox


class MessengerSandbox(Sandbox):
    kind = "messenger"

    def routes(self, book: Book) -> list[web.RouteDef]:
        return routes(Rules(text=2000, comment=8000, edge="comments"), book)
