from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from dashboards.wall.app import create_app
from dashboards.wall.feed import State
from dashboards.wall.settings import Settings
from dashboards.wall.testing import FakeFeed
from dashboards.wall.view import View
from services.kernel.clock import to_microseconds
from services.kernel.testing.clock import ManualClock

NOW_US = to_microseconds(datetime(2026, 3, 12, 10, 42, 10, tzinfo=UTC))
SECOND_US = 1_000_000


@dataclass
class Wall:
    """One server for all tests, and for each its own feed and clock, which it moves."""

    url: str
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_US))
    feed: FakeFeed = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.clock = ManualClock(NOW_US)
        self.feed = FakeFeed(self.clock)

    def pass_seconds(self, seconds: int) -> None:
        self.clock.advance(seconds * SECOND_US)

    def read(self, view: View) -> State:
        return self.feed.read(view)

    def now_us(self) -> int:
        return self.clock.now_us()


@pytest.fixture(scope="session")
def served_wall() -> Iterator[Wall]:
    wall = Wall("")
    settings = Settings("127.0.0.1:1", http_port=0, metrics_port=0, timezone="Asia/Shanghai")
    app = create_app(wall, settings, wall)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    wall.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield wall
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def wall(served_wall: Wall) -> Wall:
    served_wall.begin()
    return served_wall


@pytest.fixture(scope="session")
def shared_context(browser: Browser) -> BrowserContext:
    """Keep what does not change between tests in one browser's cache."""
    return browser.new_context()


Opening = Callable[..., Page]


@pytest.fixture
def open_wall(browser: Browser, shared_context: BrowserContext, wall: Wall) -> Iterator[Opening]:
    """
    Open the wall at a query; the page must be drawn, and must not report an error.

    ``prepare`` gets a page of its own context before it loads anything.
    """
    errors: list[str] = []
    pages: list[Page] = []

    def open_page(
        query: str = "",
        *,
        width: int = 1920,
        height: int = 1080,
        prepare: Callable[[Page], None] | None = None,
    ) -> Page:
        context = shared_context if prepare is None else browser.new_context()
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.on("pageerror", lambda error: errors.append(str(error)))
        if prepare is not None:
            prepare(page)
        page.goto(wall.url + query)
        page.wait_for_selector("#wall[data-freshness]")
        return page

    yield open_page
    for page in pages:
        page.close()
        if page.context is not shared_context:
            page.context.close()
    assert errors == []
