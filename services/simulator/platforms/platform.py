"""What every imitated platform has in common: its routes, the book of what it got, one server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that a platform took."""

    message_id: str
    kind: str
    thread: str
    text: str
    payload: Mapping[str, object] = field(default_factory=dict)
    key: str = ""


class Book:
    """What the platforms got, in order. Ids are whole numbers as text, the same book counts on."""

    def __init__(self) -> None:
        self.messages: list[Kept] = []
        self._kind = ""

    def of(self, kind: str) -> Book:
        """Return the same book, in which a platform of this kind writes."""
        book = Book()
        book.messages, book._kind = self.messages, kind
        return book

    def keep(self, thread: str, text: str, payload: Mapping[str, object], *, key: str = "") -> str:
        """Take a message and return its new id.

        ``key``: of a platform that drops what comes again with the same key; the earlier message's
        id is returned, and nothing is taken.
        """
        known = self.find(key)
        if known is not None:
            return known.message_id
        message_id = str(len(self.messages) + 1)
        self.messages.append(Kept(message_id, self._kind, thread, text, dict(payload), key))
        return message_id

    def find(self, key: str) -> Kept | None:
        """Return what this platform took with an idempotency key."""
        if not key:
            return None
        for message in self.messages:
            if message.kind == self._kind and message.key == key:
                return message
        return None

    def texts(self, thread: str) -> list[str]:
        """Return what was said in a thread, the oldest first."""
        return [message.text for message in self.messages if message.thread == thread]


class Sandbox(ABC):
    """A platform's sending API on loopback, with its checks and its answers; nothing leaves."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """Return the channel's kind; the API's paths lie below "/<kind>"."""

    @abstractmethod
    def routes(self, book: Book) -> list[web.RouteDef]:
        """Return the API's routes with the platform's own paths ("/bot{token}/sendMessage").

        An account whose ``api_base`` is "http://127.0.0.1:<port>/<kind>" reaches them.
        """


def build_app(sandboxes: Sequence[Sandbox], book: Book) -> web.Application:
    """Return one server with all platforms, and ``GET /book``: everything they took, as JSON."""
    app = web.Application()

    async def read_book(request: web.Request) -> web.Response:
        kind = request.query.get("kind", "")
        rows = [asdict(message) for message in book.messages if kind in ("", message.kind)]
        return web.json_response(rows)

    app.router.add_get("/book", read_book)
    for sandbox in sandboxes:
        platform = web.Application()
        platform.router.add_routes(sandbox.routes(book.of(sandbox.kind)))
        app.add_subapp(f"/{sandbox.kind}", platform)
    return app
