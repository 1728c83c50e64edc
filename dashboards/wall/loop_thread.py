"""An event loop in a thread of its own, beside the web server's threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

_JOIN_SECONDS = 10.0


class LoopThread:
    """
    Runs ``main(stopping)`` until it is asked to stop.

    An error in ``main`` is a bug: ``on_crash`` is called at once, and :meth:`stop` raises it.
    """

    def __init__(
        self, main: Callable[[asyncio.Event], Awaitable[None]], on_crash: Callable[[], None]
    ) -> None:
        self._main = main
        self._on_crash = on_crash
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._begun = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._begun.wait()

    def stop(self) -> None:
        """Return when ``main`` has ended; raise what it raised."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_JOIN_SECONDS)
        if self._error is not None:
            raise self._error
        if self._thread.is_alive():
            raise RuntimeError(f"the feed did not stop within {_JOIN_SECONDS:g} s")

    def _run(self) -> None:
        try:
            asyncio.run(self._begin())
        except Exception as error:  # noqa: BLE001  # handed to the thread that stops
            self._error = error
            self._on_crash()

    async def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._begun.set()
        await self._main(self._stopping)
