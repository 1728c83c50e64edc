"""A customer writes, and the number on the wall changes; two channels turn out to be one person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch
from playwright.sync_api import Browser, Page, expect

from deploy.local.channel_accounts import ORGANISATION
from deploy.local.stack import LocalStack
from tests.e2e.conftest import Careline, eventually
from tests.e2e.webhooks import Answer, Desk

VISIBLE_MS = 30_000
CHANNELS = ("webhook", "web_chat")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    yield context.new_page()
    context.close()


def wall(stack: LocalStack) -> str:
    return f"http://127.0.0.1:{stack.service_ports('wall').http}"


def write(desk: Desk, thread: str, channel: str = "webhook", **author: object) -> Answer:
    number = uuid4().hex
    return desk.send(
        number,
        "message.received",
        channel=channel,
        thread_id=f"{thread}-{channel}",
        message_id=number,
        text="where is my parcel?",
        author={"id": f"{thread}-{channel}", "name": "Ada", **author},
    )


def test_a_tile_changes_when_a_customer_writes(whole_stack: LocalStack, page: Page) -> None:
    desk = Desk(whole_stack)
    page.goto(f"{wall(whole_stack)}/?window=1h")
    value = page.locator("#tile-contacts .tile-value")
    assert write(desk, uuid4().hex).status == 202
    expect(value).to_have_text(re.compile(r"^[\d,]+$"), timeout=VISIBLE_MS)
    before = int((value.text_content() or "").replace(",", ""))
    for _ in range(3):
        assert write(desk, uuid4().hex).status == 202
    expect(value).to_have_text(
        re.compile(rf"^({before + 3:,}|{before + 4:,})$"), timeout=VISIBLE_MS
    )


def test_two_channels_of_one_customer_are_joined(
    whole_stack: LocalStack, careline: Careline
) -> None:
    """The resolver's answer comes back to the head and reaches the lanes."""
    desk = Desk(whole_stack)
    thread = uuid4().hex
    email = {"kind": "email", "value": f"{thread}@example.com"}
    for channel in CHANNELS:
        assert write(desk, thread, channel, identifiers=[email]).status == 202

    def joined() -> bool:
        for channel in CHANNELS:
            write(desk, thread, channel)
        found = customers(whole_stack, thread)
        return len(found) == len(CHANNELS) and len(set(found.values())) == 1

    assert eventually(joined)
    assert careline("index", "compare")["equal"] is True


def customers(stack: LocalStack, thread: str) -> dict[str, str]:
    """Return the customer behind each of the threads, as their conversations now say."""
    keys = [f"{ORGANISATION}/{channel}/{thread}-{channel}" for channel in CHANNELS]
    with Elasticsearch(stack.env["CARELINE_ELASTICSEARCH"]) as client:
        client.indices.refresh(index="careline-conversations")
        found = client.search(index="careline-conversations", query={"terms": {"thread_key": keys}})
        sources = [hit["_source"] for hit in found["hits"]["hits"]]
    return {source["thread_key"]: source["customer_id"] for source in sources}
