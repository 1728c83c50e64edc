"""The widget on somebody else's page: whose it may be, and whom the page knows."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.component.gateway.chat.conftest import SECRET, SITE
from tests.e2e.conftest import eventually

from .conftest import Served

Embedding = Callable[..., Page]


@pytest.fixture
def embed(browser: Browser, served: Served) -> Iterator[Embedding]:
    """Open a page of another site that embeds the widget with one tag."""
    contexts = []

    def open_one(site: str, head: str = "", style: str = "") -> Page:
        context = browser.new_context(locale="en-GB", reduced_motion="reduce")
        contexts.append(context)
        # The gateway of this test is on loopback, which a site may not reach unasked.
        context.grant_permissions(["local-network-access"])
        page = context.new_page()
        tag = (
            f'<script src="{served.url}/chat/static/widget.js" data-organisation="acme" '
            'data-account="shop" async></script>'
        )
        html = (
            f"<!doctype html><html><head><style>{style}</style>{head}{tag}</head><body>Shop</body>"
        )
        page.route(f"{site}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{site}/bags")
        return page

    yield open_one
    for context in contexts:
        context.close()


def say(page: Page, text: str) -> None:
    page.get_by_role("button", name="Open the chat").click()
    page.get_by_role("textbox", name="Your message").fill(text)
    page.get_by_role("textbox", name="Your message").press("Enter")


def test_one_tag_embeds_it_in_an_allowed_site(served: Served, embed: Embedding) -> None:
    page = embed(SITE, style="* { color: red !important; font-size: 40px !important } button { }")
    say(page, "hello")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    served.answer("Good day")
    answer = page.locator("li.theirs .bubble").last
    expect(answer).to_have_text("Good day")
    # The page's own style stays outside.
    assert answer.evaluate("one => getComputedStyle(one).fontSize") == "16px"
    assert answer.evaluate("one => getComputedStyle(one).color") == "rgb(27, 36, 48)"


def test_another_site_shows_no_chat(served: Served, embed: Embedding) -> None:
    page = embed("https://evil.example")
    with page.expect_console_message(lambda one: "the chat did not start" in one.text):
        page.reload()
    assert page.locator("careline-chat").count() == 0
    assert served.chat.intake.taken == []


def test_a_page_tells_whom_it_has_logged_in_and_out(served: Served, embed: Embedding) -> None:
    signature = hmac.digest(SECRET.encode(), b"c-17", sha256).hex()
    identity = f"{{id: 'c-17', signature: '{signature}', name: 'Mira'}}"
    head = f"<script>window.carelineIdentity = async () => ({identity})</script>"
    page = embed(SITE, head)
    say(page, "hello")
    expect(page.locator("li.mine .meta")).to_have_text(re.compile(r"\d\d:\d\d"))
    assert served.chat.thread_id() == "shop:u-c-17"
    page.evaluate("careline.forget()")
    expect(page.locator("li.mine")).to_have_count(0)
    page.get_by_role("textbox", name="Your message").fill("somebody else")
    page.get_by_role("textbox", name="Your message").press("Enter")
    eventually(lambda: served.chat.thread_id().startswith("shop:v-"))
    page.evaluate(f"careline.identify({identity})")
    expect(page.locator("li.mine .bubble")).to_have_text(["hello"])
