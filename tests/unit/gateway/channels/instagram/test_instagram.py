from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.gateway.channels.instagram import InstagramChannel
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import (
    Attachment,
    Engagement,
    IncomingBody,
    IncomingEvent,
    MessageDeletion,
    PullDue,
    Reaction,
    Receipt,
    UnrecognisedEvent,
    WrittenMessage,
)

CHANNEL = InstagramChannel()
SAMPLES = Path(__file__).parent / "samples"
ACCOUNT, CUSTOMER = "17841400000000001", "9100200300"
THREAD = f"{ACCOUNT}:{CUSTOMER}"
SENT_AT_US = 1_767_168_000_123_000

WRITTEN = WrittenMessage("aWdA1", "customer", "", "")


def sample(name: str) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest((SAMPLES / f"{name}.json").read_bytes()))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("text", replace(WRITTEN, text="Is it in blue?", reply_to_message_id="aWdA0")),
        (
            "story_reply",
            replace(
                WRITTEN,
                message_id="aWdA2",
                text="love it",
                reply_to_message_id="1790",
                quoted_text="https://cdn.example/story",
            ),
        ),
        (
            "story_mention",
            replace(
                WRITTEN,
                message_id="aWdA3",
                attachments=(Attachment("link", url="https://cdn.example/mention"),),
            ),
        ),
        (
            "share",
            replace(
                WRITTEN,
                message_id="aWdA4",
                attachments=(
                    Attachment("link", "1803", "https://cdn.example/shared", name="Blue kettles"),
                    Attachment("video", "660", "https://cdn.example/reel", name="unboxing"),
                    Attachment("link", "1804", "https://cdn.example/its-story"),
                ),
            ),
        ),
        (
            "ice_breaker",
            replace(WRITTEN, message_id="aWdA6", text="Where are you?", payload="WHERE"),
        ),
        ("unsend", MessageDeletion("aWdA1")),
        ("reaction", Reaction("aWdB1", "❤️")),
        ("seen", Receipt("read", ("aWdB1",))),
    ],
)
def test_what_a_customer_sends_and_does_is_read(name: str, body: IncomingBody) -> None:
    [event] = sample(name)
    assert event == IncomingEvent(event.event_id, "instagram", THREAD, body, SENT_AT_US, CUSTOMER)


def test_what_the_account_wrote_elsewhere_is_an_agents() -> None:
    [event] = sample("echo")
    assert (event.thread_id, event.author_id) == (THREAD, ACCOUNT)
    assert event.body == WrittenMessage("aWdB1", "agent", "", "It is.")


def test_what_instagram_does_not_show_is_kept() -> None:
    [event] = sample("unsupported")
    assert (event.event_id, event.thread_id) == ("aWdA5", THREAD)
    assert isinstance(event.body, UnrecognisedEvent)
    assert event.body.type == "message.unsupported"


def test_comments_are_public_and_belong_to_their_post() -> None:
    comment, own, mention, pull = sample("comments")
    assert comment == IncomingEvent(
        "1701",
        "instagram",
        "1800",
        WrittenMessage(
            message_id="1701",
            author_kind="customer",
            author_name="mira.l",
            text="And the price?",
            reply_to_message_id="1700",
            is_public=True,
            reply_address="comment:1701",
        ),
        1_767_168_001_000_000,
        CUSTOMER,
    )
    assert isinstance(own.body, WrittenMessage)
    assert (own.body.author_kind, own.body.reply_to_message_id) == ("agent", "1801")
    assert isinstance(mention.body, UnrecognisedEvent)
    assert mention.body.type == "mentions"
    assert pull.body == PullDue("1802:1703")


def test_a_storys_counts_are_read() -> None:
    [event] = sample("story_insights")
    assert event.thread_id == "1805"
    assert event.body == Engagement("1805", replies=2, reach=44)


def test_the_consoles_test_event_is_read() -> None:
    [event] = sample("console_test")
    assert (event.thread_id, event.author_id) == ("23245:12334", "12334")
    assert event.occurred_at_us == 1_527_459_824_000_000


def test_a_message_from_nobody_is_kept_with_the_reason() -> None:
    body = b'{"entry":[{"id":"178","messaging":[{"message":{"mid":"m","text":"hi"}}]}]}'
    [event] = CHANNEL.parse(InboundRequest(body))
    assert isinstance(event.body, UnrecognisedEvent)
    assert "sender is missing" in event.body.reason


def test_a_message_without_its_recipient_belongs_to_the_entrys_account() -> None:
    body = (
        b'{"entry":[{"id":"178","time":1767168000000,'
        b'"messaging":[{"sender":{"id":"9"},"message":{"mid":"m","text":"hi"}}]}]}'
    )
    [event] = CHANNEL.parse(InboundRequest(body))
    assert (event.thread_id, event.occurred_at_us) == ("178:9", 1_767_168_000_000_000)


def comment(**value: object) -> IncomingEvent:
    change = {"field": "comments", "value": {"id": "1790", "text": "In blue?", **value}}
    payload = {"object": "instagram", "entry": [{"id": ACCOUNT, "changes": [change]}]}
    [event] = CHANNEL.parse(InboundRequest(json.dumps(payload).encode()))
    return event


def test_a_comment_that_names_no_post_is_its_own_thread() -> None:
    assert comment().thread_id == "1790"
    assert comment(parent_id="1700").thread_id == "1700"
    assert comment(media_id="1780", parent_id="1700").thread_id == "1780"
    assert isinstance(comment().body, WrittenMessage)


def test_a_shared_post_without_an_address_is_one_attachment() -> None:
    shared = {"ig_post_media_id": "1781", "title": "Blue mugs"}
    kinds = ("share", "ig_post")
    event = {
        "sender": {"id": CUSTOMER},
        "recipient": {"id": ACCOUNT},
        "message": {"mid": "aWdA1", "attachments": [{"type": k, "payload": shared} for k in kinds]},
    }
    [read] = CHANNEL.parse(InboundRequest(json.dumps(event).encode()))
    link = Attachment("link", media_id="1781", name="Blue mugs")
    assert read.body == replace(WRITTEN, attachments=(link,))
