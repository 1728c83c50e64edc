"""Every open thread of this replica, and what each thread has shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from services.gateway.domain.chat_history import ChatHistories, Page, ShownMessage
from services.gateway.domain.incoming import AuthorKind
from services.gateway.ports import UnavailableError
from services.gateway.ports_chat import ChatArchive


class Listener(Protocol):
    """A socket, or a desk that watches an account. Neither call waits for anybody."""

    def shown(self, message: ShownMessage) -> None: ...

    def typing(self, author_kind: AuthorKind, author_name: str, *, typing: bool) -> None: ...


class Watcher(Protocol):
    def noticed(
        self, thread_key: str, author_kind: AuthorKind, author_name: str, *, typing: bool
    ) -> None: ...


class ChatRooms:
    def __init__(self, archive: ChatArchive, histories: ChatHistories | None = None) -> None:
        self._archive = archive
        self.histories = histories or ChatHistories()
        self._listeners: dict[str, set[Listener]] = {}
        self._watchers: set[Watcher] = set()
        # Set once everything that was shown before this replica started is known here.
        self.caught_up = asyncio.Event()

    def shown(self, thread_key: str, message: ShownMessage) -> None:
        """Take what the log tells; a repeat is nothing new."""
        if self.histories.add(thread_key, message):
            for one in tuple(self._listeners.get(thread_key, ())):
                one.shown(message)

    def noticed(
        self, thread_key: str, author_kind: AuthorKind, author_name: str, *, typing: bool
    ) -> None:
        for one in tuple(self._listeners.get(thread_key, ())):
            one.typing(author_kind, author_name, typing=typing)
        for watcher in tuple(self._watchers):
            watcher.noticed(thread_key, author_kind, author_name, typing=typing)

    def join(self, thread_key: str, listener: Listener) -> None:
        self._listeners.setdefault(thread_key, set()).add(listener)

    def leave(self, thread_key: str, listener: Listener) -> None:
        listeners = self._listeners.get(thread_key, set())
        listeners.discard(listener)
        if not listeners:
            self._listeners.pop(thread_key, None)

    def count(self, thread_key: str) -> int:
        return len(self._listeners.get(thread_key, ()))

    def watch(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    async def after(
        self, thread_key: str, seq: int, most: int
    ) -> tuple[Sequence[ShownMessage], bool]:
        """Return the last ``most`` messages after ``seq``, and whether there are older ones.

        While the log is away, those that are here will do.
        """
        page = self.histories.after(thread_key, seq, most)
        try:
            return await self._whole(thread_key, page)
        except UnavailableError:
            return page.messages, True

    async def before(
        self, thread_key: str, seq: int, most: int
    ) -> tuple[Sequence[ShownMessage], bool]:
        """Return the last ``most`` messages before ``seq``. Raise ``UnavailableError``."""
        return await self._whole(thread_key, self.histories.before(thread_key, seq, most))

    async def _whole(self, thread_key: str, page: Page) -> tuple[Sequence[ShownMessage], bool]:
        fetched = await self._archive.fetch(thread_key, page.missing) if page.missing else ()
        return [*fetched, *page.messages], page.more
