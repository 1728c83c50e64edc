from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page

from services.gateway.domain.chat_pace import Pace
from tests.component.gateway.chat.conftest import Chat

_QUICK = Pace(1_000, 10_000)
_DEADLINE_SECONDS = 20.0


class Served:
    """The web chat in a loop of its own thread; each test has a new one."""

    def __init__(self) -> None:
        paces = dict.fromkeys(("messages", "files", "frames", "signs", "visits"), _QUICK)
        # Any: what was taken is one of many bodies, and a test knows which.
        self.chat: Any = Chat(paces=paces)
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._runner: web.AppRunner | None = None
        self._port = 0

    def start(self) -> None:
        self._thread.start()
        self.open()

    def stop(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self) -> None:
        """Serve at the same port as before."""

        async def serve() -> None:
            self._runner = web.AppRunner(self.chat.replica(), shutdown_timeout=1)
            await self._runner.setup()
            site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
            await site.start()
            self._port = self._runner.addresses[0][1]

        self.run(serve())
        self.url = f"http://127.0.0.1:{self._port}"

    def shut(self) -> None:
        """Be gone, sockets and all."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self.chat.screen.replicas.clear()
            self.run(runner.cleanup())

    def run(self, task: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(_DEADLINE_SECONDS)

    def answer(self, text: str, message_id: str = "r-1:0", **more: object) -> None:
        message = {"message_id": message_id, "text": text, "author_name": "Anna", **more}
        key = f"acme/web_chat/{self.chat.thread_id()}"
        self.run(self.chat.screen.show(key, message))


@pytest.fixture
def served() -> Iterator[Served]:
    one = Served()
    one.start()
    yield one
    one.stop()


Opening = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Opening]:
    """Open the demo page in a context of its own; it must not report an error."""
    errors: list[str] = []
    contexts = []

    def open_one(language: str = "en-GB", *, width: int = 1100, height: int = 800) -> Page:
        context = browser.new_context(
            locale=language, viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{served.url}/chat/acme/shop")
        page.locator("careline-chat .launcher").wait_for()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []
