"""Typing, between the organisation's desk and its customers. Never an event."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from services.gateway.adapters.web_chat.access import find_account
from services.gateway.channels import shared_secret
from services.gateway.channels.web_chat import KIND
from services.gateway.chat.front import ChatFront
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.fields import Fields, read_object
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import AuthorKind
from services.gateway.domain.keys import thread_key

_MOST_WAITING = 1_000
_SIGN_OF_LIFE_SECONDS = 15.0
_END: dict[str, object] = {}


class DeskSigns:
    """The desk proves itself by the account's secret, as a bearer."""

    def __init__(self, accounts: Accounts, front: ChatFront) -> None:
        self._accounts = accounts
        self._front = front
        self._desks: set[_Desk] = set()

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """Take ``{"thread_id": "shop:v-…", "typing": true, "name": "Anna"}``."""
        account = find_account(self._accounts, request)
        try:
            _prove(account, request)
            fields = read_object(await request.read())
            thread_id = _thread_of(account, fields)
            name, typing = fields.text("name", "", limit=100), fields.flag("typing")
        except RefusedError as error:
            return web.json_response({"error": str(error)}, status=401)
        except InvalidRequestError as error:
            said = {"error": error.problem, "field": error.place}
            return web.json_response(said, status=400)
        key = thread_key(account.organisation, KIND, thread_id)
        await self._front.parts.signs.notice(key, "agent", name, typing=typing)
        return web.Response(status=202)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Tell the desk, as server-sent events, who types in which thread of the account."""
        account = find_account(self._accounts, request)
        try:
            _prove(account, request)
        except RefusedError as error:
            return web.json_response({"error": str(error)}, status=401)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        desk = _Desk(f"{account.organisation}/{KIND}/{account.account}:")
        self._desks.add(desk)
        self._front.parts.rooms.watch(desk)
        try:
            while (said := await desk.next()) is not _END:
                line = f"data: {json.dumps(said, ensure_ascii=False)}\n\n" if said else ":\n\n"
                await response.write(line.encode())
        except ConnectionError:
            return response
        finally:
            self._front.parts.rooms.unwatch(desk)
            self._desks.discard(desk)
        return response

    async def close_all(self, app: web.Application) -> None:
        _ = app
        for desk in tuple(self._desks):
            desk.end()


class _Desk:
    """Watches one account; what it does not fetch in time is lost, as typing may be."""

    def __init__(self, start: str) -> None:
        self._start = start
        self._waiting: asyncio.Queue[dict[str, object]] = asyncio.Queue(_MOST_WAITING)

    def noticed(
        self, thread_key: str, author_kind: AuthorKind, author_name: str, *, typing: bool
    ) -> None:
        if author_kind != "customer" or not thread_key.startswith(self._start):
            return
        if self._waiting.full():
            self._waiting.get_nowait()
        thread_id = thread_key.split("/", 2)[2]
        self._waiting.put_nowait({"thread_id": thread_id, "typing": typing, "name": author_name})

    def end(self) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(_END)

    async def next(self) -> dict[str, object] | None:
        """Return the next sign, None for a sign of life, or ``_END``."""
        try:
            async with asyncio.timeout(_SIGN_OF_LIFE_SECONDS):
                return await self._waiting.get()
        except TimeoutError:
            return None


def _prove(account: Account, request: web.Request) -> None:
    headers = {"authorization": request.headers.get("Authorization", "")}
    shared_secret.verify(InboundRequest(b"", headers), account.secrets)


def _thread_of(account: Account, fields: Fields) -> str:
    thread_id = fields.text("thread_id")
    if not thread_id.startswith(f"{account.account}:"):
        fields.complain("thread_id", f'is not of this account; it begins with "{account.account}:"')
    return thread_id
