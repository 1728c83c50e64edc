"""The conversation with one visitor's widget, from its greeting to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from services.gateway.channels.web_chat import (
    kept_bytes,
    message_event,
    read_event,
    written_by,
)
from services.gateway.chat.front import ChatFront, TooFastError
from services.gateway.chat.shown import to_frame, to_json
from services.gateway.domain.account import Account
from services.gateway.domain.chat_frames import (
    TEXT_LIMIT,
    VERSION,
    Frame,
    HasRead,
    Hello,
    Ping,
    Said,
    Types,
    WantsOlder,
    read_frame,
)
from services.gateway.domain.chat_history import ShownFile, ShownMessage
from services.gateway.domain.chat_visitors import Visitor, thread_id_of
from services.gateway.domain.inbound import InvalidRequestError, RefusedError
from services.gateway.domain.incoming import Attachment, AuthorKind
from services.gateway.domain.keys import thread_key
from services.gateway.ports import UnavailableError
from services.kernel.clock import to_iso

# Why the gateway closes a socket; the widget reads these.
CLOSED_BAD_FRAME: Final = 4400
CLOSED_REFUSED: Final = 4401
CLOSED_TOO_FAST: Final = 4429
CLOSED_TRY_LATER: Final = 1013

_PAGE = 30
_LATER_SECONDS = 5
_HISTORY_SECONDS = 5
_MOST_SOCKETS = 10
_MOST_BAD_FRAMES = 10
# Of one visitor: durable, but not yet shown.
_MOST_DOING = 50

Tell = Callable[[Mapping[str, object]], None]


class SessionEndedError(Exception):
    """The socket is to be closed, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class ChatSession:
    """``tell`` sends a frame without waiting. ``address`` is the visitor's, for their pace."""

    def __init__(self, front: ChatFront, account: Account, address: str, tell: Tell) -> None:
        self._front = front
        self._account = account
        self._address = address
        self._tell = tell
        self._visitor: Visitor | None = None
        self._thread_id = ""
        self._thread_key = ""
        self._language = ""
        self._read_until = -1
        self._bad_frames = 0
        self._doing: set[asyncio.Task[None]] = set()

    async def take(self, data: bytes) -> None:
        """Answer one frame. Raise ``SessionEndedError``."""
        try:
            frame = read_frame(data)
            await self._answer(frame)
        except InvalidRequestError as error:
            self._bad_frames += 1
            self._complain("invalid", error.problem, field=error.place)
            if self._visitor is None or self._bad_frames > _MOST_BAD_FRAMES:
                raise SessionEndedError(CLOSED_BAD_FRAME, str(error)) from error

    async def _answer(self, frame: Frame) -> None:
        if isinstance(frame, Hello):
            await self._greet(frame)
            return
        visitor = self._visitor
        if visitor is None:
            raise InvalidRequestError("type", "is not hello, which comes first")
        self._keep_pace()
        match frame:
            case Said():
                await self._hear(visitor, frame)
            case Types():
                self._sign(visitor, frame)
            case HasRead():
                await self._note_read(frame)
            case WantsOlder():
                await self._look_back(frame)
            case Ping():
                self._tell({"type": "pong"})

    def _keep_pace(self) -> None:
        try:
            self._front.slow_down("frames", self._thread_key)
        except TooFastError as error:
            raise SessionEndedError(CLOSED_TOO_FAST, str(error)) from error

    async def _greet(self, hello: Hello) -> None:
        if self._visitor is not None:
            raise InvalidRequestError("type", "is hello, and the chat has been greeted already")
        try:
            self._front.slow_down("visits", self._address)
            visitor = self._front.visitor(self._account, hello)
        except TooFastError as error:
            raise SessionEndedError(CLOSED_TOO_FAST, str(error)) from error
        except RefusedError as error:
            self._complain("refused", str(error))
            raise SessionEndedError(CLOSED_REFUSED, str(error)) from error
        account = self._account
        self._thread_id = thread_id_of(account.account, visitor.visitor_id)
        self._thread_key = thread_key(account.organisation, account.channel, self._thread_id)
        self._language = hello.language
        rooms = self._front.parts.rooms
        if rooms.count(self._thread_key) >= _MOST_SOCKETS:
            raise SessionEndedError(CLOSED_TOO_FAST, "the chat is open in too many places")
        self._visitor = visitor
        rooms.join(self._thread_key, self)
        with suppress(TimeoutError):
            # What is read later than this is shown when it is read.
            async with asyncio.timeout(_HISTORY_SECONDS):
                await rooms.caught_up.wait()
        await self._welcome(visitor, hello.last_seq)

    async def _welcome(self, visitor: Visitor, last_seq: int) -> None:
        found, more = await self._front.parts.rooms.after(self._thread_key, last_seq, _PAGE)
        resumed = last_seq >= 0
        settings = self._account.settings
        self._tell(
            {
                "type": "welcome",
                "v": VERSION,
                "token": self._front.visitor_token(self._account, visitor),
                "upload_token": self._front.upload_token(self._account, visitor),
                "history": self._frames(found),
                # Between what the widget has and this history there is a gap: it begins anew.
                "reset": resumed and more,
                "more": more if not resumed or more else None,
                "limits": {
                    "text": TEXT_LIMIT,
                    "file_bytes": settings.largest_file_bytes,
                    "file_types": list(settings.file_types),
                },
                "wait_seconds": self._front.wait_seconds(self._account),
            }
        )

    async def _hear(self, visitor: Visitor, said: Said) -> None:
        rooms = self._front.parts.rooms
        if rooms.histories.seq_of(self._thread_key, said.message_id) is not None:
            # Only its acknowledgement was lost.
            self._acknowledge(said)
            return
        if len(self._doing) >= _MOST_DOING:
            self._put_off(said)
            return
        try:
            self._front.slow_down("messages", self._thread_key)
            attachments = await self._front.attachments(self._account, visitor, said.files)
        except (TooFastError, RefusedError) as error:
            code = "too_fast" if isinstance(error, TooFastError) else "refused"
            self._complain(code, str(error), id=said.message_id)
            return
        written = written_by(visitor, said, self._language, attachments)
        event = message_event(self._thread_id, written)
        now_us = self._front.now_us()
        raw = kept_bytes(self._thread_id, written, to_iso(now_us))
        try:
            await self._front.parts.taker.take(self._account, [event], raw)
        except UnavailableError:
            self._put_off(said)
            return
        self._acknowledge(said)
        shown = _shown(visitor, said, attachments, now_us)
        self._go_on(self._show(said, shown))

    def _go_on(self, doing: Coroutine[Any, Any, None]) -> None:
        """Let it be done while the visitor goes on."""
        task = asyncio.create_task(doing, name="chat: doing")
        self._doing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._doing.discard(task)
        if not task.cancelled():
            # A bug is told to the loop, with its trace.
            task.result()

    async def _show(self, said: Said, shown: ShownMessage) -> None:
        """Let every place see it where the thread is open; the widget comes again otherwise."""
        try:
            await self._front.parts.screen.show(self._thread_key, to_json(shown))
        except UnavailableError:
            self._put_off(said)

    def _acknowledge(self, said: Said) -> None:
        wait = self._front.wait_seconds(self._account)
        self._tell({"type": "ack", "id": said.message_id, "wait_seconds": wait})

    def _put_off(self, said: Said) -> None:
        self._tell({"type": "later", "id": said.message_id, "after_seconds": _LATER_SECONDS})

    def _sign(self, visitor: Visitor, types: Types) -> None:
        try:
            self._front.slow_down("signs", self._thread_key)
        except TooFastError:
            # A sign of typing that is not passed on harms nobody.
            return
        signs = self._front.parts.signs
        self._go_on(signs.notice(self._thread_key, "customer", visitor.name, typing=types.on))

    async def _note_read(self, read: HasRead) -> None:
        """Tell the lanes up to where the visitor has read; only what moves on is told."""
        message = self._front.parts.rooms.histories.find(self._thread_key, read.seq)
        if message is None or message.author_kind == "customer" or read.seq <= self._read_until:
            return
        event = read_event(self._thread_id, read.seq, message.shown_at_us)
        try:
            await self._front.parts.taker.take(self._account, [event])
        except UnavailableError:
            self._tell({"type": "later", "seq": read.seq, "after_seconds": _LATER_SECONDS})
            return
        self._read_until = read.seq

    async def _look_back(self, older: WantsOlder) -> None:
        rooms = self._front.parts.rooms
        try:
            found, more = await rooms.before(self._thread_key, older.before, _PAGE)
        except UnavailableError as error:
            self._complain("unavailable", str(error))
            return
        self._tell({"type": "history", "messages": self._frames(found), "more": more})

    def shown(self, message: ShownMessage) -> None:
        self._tell(to_frame(message, self._front.tokens(self._account), self._front.now_us()))

    def typing(self, author_kind: AuthorKind, author_name: str, *, typing: bool) -> None:
        if author_kind != "customer":
            self._tell({"type": "typing", "on": typing, "name": author_name})

    async def close(self) -> None:
        """Leave the room; what is on its way to be shown arrives all the same."""
        if self._visitor is not None:
            self._front.parts.rooms.leave(self._thread_key, self)
        if self._doing:
            await asyncio.wait(self._doing, timeout=_LATER_SECONDS)
        for task in tuple(self._doing):
            task.cancel()

    def _frames(self, messages: Sequence[ShownMessage]) -> list[dict[str, object]]:
        tokens = self._front.tokens(self._account)
        now_us = self._front.now_us()
        return [to_frame(one, tokens, now_us) for one in messages]

    def _complain(self, code: str, reason: str, **more: str) -> None:
        self._tell({"type": "error", "code": code, "reason": reason, **more})


def _shown(
    visitor: Visitor, said: Said, attachments: Sequence[Attachment], now_us: int
) -> ShownMessage:
    return ShownMessage(
        seq=-1,
        message_id=said.message_id,
        author_kind="customer",
        author_name=visitor.name,
        text=said.text,
        shown_at_us=now_us,
        reply_to=said.reply_to,
        files=tuple(
            ShownFile(one.kind, one.media_type, one.name, one.size_bytes, one.media_id)
            for one in attachments
        ),
    )
