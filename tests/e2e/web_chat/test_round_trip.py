"""A customer writes in a browser, the desk answers by a webhook, the customer reads it."""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from playwright.sync_api import Browser, Page, expect

from deploy.local.channel_accounts import ORGANISATION
from deploy.local.stack import LocalStack
from tests.e2e.conftest import eventually
from tests.e2e.webhooks import Desk

VISIBLE_MS = 60_000
# Set: the picture of the docs is taken anew.
UPDATE = "CARELINE_UPDATE_IMAGES"
SCREENSHOT = Path(__file__).parents[3] / "docs" / "images" / "web-chat.png"


@pytest.fixture
def page(browser: Browser, whole_stack: LocalStack) -> Iterator[Page]:
    context = browser.new_context(
        locale="en-GB", viewport={"width": 1100, "height": 760}, reduced_motion="reduce"
    )
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{whole_stack.env['CARELINE_GATEWAY_HTTP']}/chat/{ORGANISATION}/chat")
    yield page
    context.close()
    assert errors == []


def test_a_desks_answer_appears_in_the_customers_chat(
    whole_stack: LocalStack, page: Page, tmp_path: Path
) -> None:
    marker = uuid4().hex[:8]
    page.get_by_role("button", name="Open the chat").click()
    write(page, f"Where is my bag? Order {marker}")
    expect(page.locator("li.mine .meta")).to_have_text(
        re.compile(r"You · \d\d:\d\d"), timeout=VISIBLE_MS
    )
    thread_id = thread_of(page)
    answered = Desk(whole_stack).send(
        uuid4().hex,
        "reply.requested",
        channel="web_chat",
        thread_id=thread_id,
        reply_id=f"r-{marker}",
        author={"id": "a-9", "kind": "agent", "name": "Anna"},
        text="It left Vienna this morning and reaches you tomorrow before noon.",
        quick_replies=[{"title": "Thank you", "payload": "thanks"}],
    )
    assert answered.status == 202
    answer = page.locator("li.theirs .bubble").last
    expect(answer).to_contain_text("It left Vienna", timeout=VISIBLE_MS)
    page.screenshot(path=SCREENSHOT if UPDATE in os.environ else tmp_path / SCREENSHOT.name)
    page.get_by_role("button", name="Thank you").click()
    expect(page.locator("li.mine .meta").last).to_have_text(re.compile(r"\d\d:\d\d"))
    page.reload()
    expect(page.locator("li .bubble")).to_have_count(4, timeout=VISIBLE_MS)
    # The answer has come back to the lanes as the agent's first response.
    eventually(lambda: was_answered(whole_stack, thread_id))


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def thread_of(page: Page) -> str:
    """Read the visitor's id from what the browser keeps: a name, and the proof of it."""
    token = page.evaluate(
        f"JSON.parse(localStorage.getItem('careline/{ORGANISATION}/chat/token'))"
    ).split(".")[0]
    return "chat:" + urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()


def was_answered(stack: LocalStack, thread_id: str) -> bool:
    key = f"{ORGANISATION}/web_chat/{thread_id}"
    with Elasticsearch(stack.env["CARELINE_ELASTICSEARCH"]) as client:
        client.indices.refresh(index="careline-conversations")
        found = client.search(index="careline-conversations", query={"term": {"thread_key": key}})
        sources = [hit["_source"] for hit in found["hits"]["hits"]]
    return [one["first_response_seconds"] is not None for one in sources] == [True]
