from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.feed import FeedChannel, FeedSettings, read_mapping, read_posts
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    Engagement,
    IncomingEvent,
    MessageDeletion,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = FeedChannel()
POSTS = (Path(__file__).parent / "samples" / "posts.ndjson").read_bytes()
POST = json.loads(POSTS.splitlines()[0])
AT_US = 1_772_438_400_000_000


def parse(body: bytes) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(body))


def test_captured_lines_are_read() -> None:
    post, counts, answer, bad, gone, empty = parse(POSTS)
    assert post.body == WrittenMessage(
        message_id="p1",
        author_kind="customer",
        author_name="Ines",
        text="Kestrel's support kept me waiting for an hour",
        language_hint="en",
        attachments=(Attachment("image", url="https://cdn.example.org/a.png", name="queue"),),
        subject="Never again",
        is_public=True,
        reply_address="https://forum.example.org/p1",
    )
    assert (post.thread_id, post.author_id, post.occurred_at_us) == ("p1", "9", AT_US)
    assert counts.body == Engagement("p1", likes=12, shares=3, replies=4, reach=5100)
    assert (answer.thread_id, answer.author_id) == ("p1", "Lu")
    assert answer.occurred_at_us == AT_US + 1_000_000
    assert bad.body == UnrecognisedEvent("post", b"not json", "body is not JSON")
    assert gone.body == MessageDeletion("p1")
    assert gone.occurred_at_us == AT_US + 2_000_000
    assert isinstance(empty.body, UnrecognisedEvent)


def test_a_list_is_read_as_lines_are() -> None:
    assert parse(json.dumps([POST]).encode()) == parse(json.dumps(POST).encode())


def test_the_same_post_with_other_counts_brings_only_its_counts() -> None:
    before, after = parse(json.dumps([POST, POST | {"likes": 13}]).encode())[::2]
    assert before.event_id == after.event_id
    counts = parse(json.dumps([POST, POST | {"likes": 13}]).encode())[1::2]
    assert counts[0].event_id != counts[1].event_id


def test_fields_of_other_names_are_found() -> None:
    mapping = read_mapping(["text=content.body", "author_id=by.uid", "likes=stats.up", "id=key"])
    line = {"key": 1, "content": {"body": "hi"}, "by": {"uid": "u"}, "stats": {"up": 2}}
    post, counts = read_posts(json.dumps(line).encode(), mapping)
    assert isinstance(post.body, WrittenMessage)
    assert (post.body.text, post.author_id) == ("hi", "u")
    assert counts.body == Engagement("1", likes=2)


@pytest.mark.parametrize("body", [b"x", b"\xff\n\xfe", b"[1", b"[" * 100_000])
def test_what_holds_no_json_is_told(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse(body)


def test_nothing_new_is_no_error() -> None:
    assert parse(b"\n") == []


def test_nobody_can_push() -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(b"{}"), FeedSettings(("s",)), 0)


@pytest.mark.parametrize(
    "settings",
    [
        FeedSettings(url="posts.example.com"),
        FeedSettings(mode="push"),
        FeedSettings(mapping=("words=text",)),
        FeedSettings(mapping=("text",)),
        FeedSettings(poll_seconds=0),
    ],
)
def test_wrong_settings_are_told_at_the_start(settings: FeedSettings) -> None:
    with pytest.raises(ValueError, match=r"url|mode|mapping|poll_seconds"):
        CHANNEL.check(settings)


@given(st.data())
def test_any_changed_post_is_read_or_told(
    changed: Callable[[Any], st.SearchStrategy[Any]], data: st.DataObject
) -> None:
    with contextlib.suppress(InvalidRequestError):
        parse(json.dumps(data.draw(changed(POST))).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_told(body: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        parse(body)
