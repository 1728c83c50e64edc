"""Files of the web chat: taken from visitors, shown to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import quote, unquote

from aiohttp import web

from services.gateway.adapters.web_chat.access import NotFoundError, cors_headers, find_account
from services.gateway.chat.front import ChatFront, TooFastError
from services.gateway.chat.shown import FILE_SECONDS, SEEN
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.inbound import RefusedError
from services.gateway.ports import UnavailableError

_READ_SECONDS = 60.0
_CHUNK = 64 * 1024
# What a browser shows within a page without running anything of it.
_SHOWN_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


class _UnprovedError(Exception):
    """Nobody whom this chat knows uploads."""


class _TooLargeError(Exception):
    """More bytes than the account takes."""


class _TooSlowError(Exception):
    """The file did not arrive in time."""


_STATUSES: Mapping[type[Exception], int] = {
    _UnprovedError: 401,
    _TooSlowError: 408,
    _TooLargeError: 413,
    RefusedError: 415,
    TooFastError: 429,
    UnavailableError: 503,
}


class ChatFiles:
    def __init__(self, accounts: Accounts, front: ChatFront) -> None:
        self._accounts = accounts
        self._front = front

    async def options(self, request: web.Request) -> web.StreamResponse:
        account = find_account(self._accounts, request)
        return web.Response(status=204, headers=cors_headers(account, request))

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take one file as the body; X-File-Name is its name, percent-encoded."""
        account = find_account(self._accounts, request)
        headers = cors_headers(account, request)
        status, answer = await self._upload(account, request)
        return web.json_response(answer, status=status, headers=headers)

    async def _upload(
        self, account: Account, request: web.Request
    ) -> tuple[int, dict[str, object]]:
        if "Access-Control-Allow-Origin" not in cors_headers(account, request):
            return 403, {"error": "this page may not show the chat"}
        limit = account.settings.largest_file_bytes
        try:
            return 201, await self._keep(account, request, limit)
        except tuple(_STATUSES) as error:
            reason = str(error) or f"the file has more than {limit} bytes"
            return _STATUSES[type(error)], {"error": reason}

    async def _keep(self, account: Account, request: web.Request, limit: int) -> dict[str, object]:
        offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            visitor_id = self._front.uploader(account, offered)
        except RefusedError as error:
            raise _UnprovedError(str(error)) from error
        self._front.slow_down("files", f"{account.organisation}/{account.account}/{visitor_id}")
        content = await _read(request, limit)
        name = unquote(request.headers.get("X-File-Name", ""))
        declared = request.headers.get("Content-Type", "")
        return await self._front.keep_file(account, visitor_id, name, declared, content)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show a file to whoever holds its link, which the gateway signed a day ago at most."""
        account = find_account(self._accounts, request)
        tokens = self._front.tokens(account)
        try:
            named = tokens.read(
                SEEN, request.match_info["token"], self._front.now_us(), FILE_SECONDS
            )
            reference, media_type, name = json.loads(named)
            content = await self._front.parts.blobs.get(reference)
        except (RefusedError, KeyError) as error:
            raise NotFoundError from error
        shown = media_type in _SHOWN_TYPES
        return web.Response(
            body=content,
            headers={
                "Content-Type": media_type if shown else "application/octet-stream",
                "Content-Disposition": f"{'inline' if shown else 'attachment'}; "
                f"filename*=UTF-8''{quote(name or 'file', safe='')}",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "Cache-Control": "private, max-age=3600, immutable",
                "Referrer-Policy": "no-referrer",
            },
        )


async def _read(request: web.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise _TooLargeError
    content = bytearray()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for chunk in request.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > limit:
                    raise _TooLargeError
    except TimeoutError:
        raise _TooSlowError(f"the file did not arrive within {_READ_SECONDS:.0f} s") from None
    return bytes(content)
