"""One WebSocket a visitor: frames in, frames out, neither waits for the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from services.gateway.adapters.web_chat.access import (
    NotFoundError,
    address_of,
    find_account,
    origin_allowed,
)
from services.gateway.chat.front import ChatFront
from services.gateway.chat.session import CLOSED_TRY_LATER, ChatSession, SessionEndedError
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.chat_frames import LARGEST_FRAME
from services.gateway.ports import UnavailableError

log = structlog.get_logger(__name__)

_HEARTBEAT_SECONDS = 30.0
_HELLO_SECONDS = 15.0
_WRITE_SECONDS = 20.0
_MOST_WAITING = 500
_MOST_SOCKETS = 10_000


class ChatSockets:
    def __init__(self, accounts: Accounts, front: ChatFront) -> None:
        self._accounts = accounts
        self._front = front
        self._open: set[web.WebSocketResponse] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            account = find_account(self._accounts, request)
        except NotFoundError:
            return web.json_response({"error": "there is no such web chat"}, status=404)
        if not origin_allowed(account, request):
            log.warning(
                "a page that may not show the chat",
                organisation=account.organisation,
                account=account.account,
            )
            return web.json_response({"error": "this page may not show the chat"}, status=403)
        if len(self._open) >= _MOST_SOCKETS:
            return web.json_response(
                {"error": "too many chats are open"}, status=503, headers={"Retry-After": "5"}
            )
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_SECONDS, max_msg_size=LARGEST_FRAME, compress=False
        )
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await _Conversation(self._front, account, address_of(account, request), socket).run()
        finally:
            self._open.discard(socket)
        return socket

    async def close_all(self, app: web.Application) -> None:
        """Send every visitor to another gateway."""
        _ = app
        for socket in tuple(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the gateway stops")


class _Conversation:
    def __init__(
        self, front: ChatFront, account: Account, address: str, socket: web.WebSocketResponse
    ) -> None:
        self._socket = socket
        self._outgoing: asyncio.Queue[Mapping[str, object]] = asyncio.Queue(_MOST_WAITING)
        self._stuck = asyncio.Event()
        self._session = ChatSession(front, account, address, self._tell)

    def _tell(self, frame: Mapping[str, object]) -> None:
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            # It does not read: it gets the rest when it comes again.
            self._stuck.set()

    async def run(self) -> None:
        tasks = [
            asyncio.create_task(self._listen(), name="chat: listen"),
            asyncio.create_task(self._speak(), name="chat: speak"),
            asyncio.create_task(self._stuck.wait(), name="chat: stuck"),
        ]
        code, reason = int(WSCloseCode.OK), ""
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if self._stuck.is_set():
                code = CLOSED_TRY_LATER
        except SessionEndedError as ended:
            code, reason = ended.code, ended.reason
        except UnavailableError as error:
            code, reason = CLOSED_TRY_LATER, str(error)
        except (ConnectionError, TimeoutError) as error:
            log.info("a visitor's connection broke", reason=type(error).__name__)
        finally:
            for task in tasks[:2]:
                task.cancel()
            tasks[2].cancel()
            await asyncio.wait(tasks)
            await self._session.close()
        await self._farewell(code, reason)

    async def _farewell(self, code: int, reason: str) -> None:
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_WRITE_SECONDS):
                while not self._outgoing.empty() and not self._socket.closed:
                    await self._socket.send_str(_encode(self._outgoing.get_nowait()))
                await self._socket.close(code=code, message=reason.encode()[:120])

    async def _listen(self) -> None:
        first = True
        while True:
            wait = _HELLO_SECONDS if first else None
            async with asyncio.timeout(wait):
                message = await self._socket.receive()
            first = False
            if message.type is WSMsgType.TEXT:
                await self._session.take(message.data.encode(errors="surrogatepass"))
            elif message.type is WSMsgType.BINARY:
                await self._session.take(message.data)
            else:
                return

    async def _speak(self) -> None:
        while True:
            frame = await self._outgoing.get()
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._socket.send_str(_encode(frame))


def _encode(frame: Mapping[str, object]) -> str:
    return json.dumps(
        {name: value for name, value in frame.items() if value is not None}, ensure_ascii=False
    )
