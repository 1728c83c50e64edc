"""All addresses of the web chat."""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from services.gateway.adapters.web_chat.access import (
    NotFoundError,
    cors_headers,
    find_account,
    origin_allowed,
)
from services.gateway.adapters.web_chat.files import ChatFiles
from services.gateway.adapters.web_chat.signs import DeskSigns
from services.gateway.adapters.web_chat.sockets import ChatSockets
from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.chat.front import ChatFront
from services.gateway.domain.account import Accounts
from services.gateway.domain.chat_frames import TEXT_LIMIT
from services.gateway.domain.chat_invitations import choose, in_language

_STATIC = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_ADDRESS_LIMIT = 2_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, accounts: Accounts, front: ChatFront) -> None:
    sockets, files = ChatSockets(accounts, front), ChatFiles(accounts, front)
    signs, pages = DeskSigns(accounts, front), _Pages(accounts)
    base = "/v1/web-chat/{organisation}/{account}"
    routes: list[tuple[str, str, Handler]] = [
        ("GET", f"{base}/socket", sockets.handle),
        ("GET", f"{base}/config", pages.config),
        ("POST", f"{base}/files", files.upload),
        ("OPTIONS", f"{base}/files", files.options),
        ("GET", f"{base}/files/{{token}}", files.show),
        ("POST", f"{base}/typing", signs.tell),
        ("GET", f"{base}/typing", signs.watch),
        ("GET", "/chat/static/{name}", pages.static),
        ("GET", "/chat/{organisation}/{account}", pages.demo),
    ]
    for method, path, handler in routes:
        app.router.add_route(method, path, _found(handler))
    app.on_shutdown.append(sockets.close_all)
    app.on_shutdown.append(signs.close_all)


def _found(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotFoundError:
            return web.json_response({"error": "there is no such web chat or file"}, status=404)

    return answer


class _Pages:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._files = {
            path.name: path.read_bytes()
            for path in sorted(_STATIC.iterdir())
            if path.suffix in _TYPES
        }

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._files or name.endswith(".html"):
            raise NotFoundError
        return web.Response(
            body=self._files[name],
            headers={
                "Content-Type": f"{_TYPES[Path(name).suffix]}; charset=utf-8",
                "Access-Control-Allow-Origin": "*",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "public, max-age=300",
            },
        )

    async def demo(self, request: web.Request) -> web.StreamResponse:
        account = find_account(self._accounts, request)
        page = self._files["page.html"].decode()
        for name in ("organisation", "account"):
            page = page.replace(f"{{{name}}}", html.escape(getattr(account, name), quote=True))
        return web.Response(
            text=page,
            content_type="text/html",
            headers={
                "Content-Security-Policy": _PAGE_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )

    async def config(self, request: web.Request) -> web.StreamResponse:
        """Tell the widget how it looks, and whether it speaks first on this page."""
        account = find_account(self._accounts, request)
        headers = {**cors_headers(account, request), "Cache-Control": "no-store"}
        if not origin_allowed(account, request):
            said = {"error": "this page may not show the chat"}
            return web.json_response(said, status=403, headers=headers)
        settings: WebChatSettings = account.settings
        language = request.query.get("language", "")[:35]
        invitation = choose(
            settings.invitations,
            page=request.query.get("page", "")[:_ADDRESS_LIMIT],
            language=language,
            returning=request.query.get("returning") == "1",
        )
        told = {
            "title": in_language(settings.titles, language),
            "greeting": in_language(settings.greetings, language),
            "colour": settings.colour,
            "text_limit": TEXT_LIMIT,
            "file_bytes": settings.largest_file_bytes,
            "file_types": list(settings.file_types),
            "invitation": None
            if invitation is None
            else {
                "name": invitation.name,
                "text": invitation.text,
                "after_seconds": invitation.after_seconds,
            },
        }
        return web.Response(
            body=json.dumps(told, ensure_ascii=False).encode(),
            headers={**headers, "Content-Type": "application/json"},
        )
