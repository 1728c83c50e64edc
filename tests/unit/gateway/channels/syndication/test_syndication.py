from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.syndication import SyndicationChannel, SyndicationSettings
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import (
    Attachment,
    Engagement,
    Identifier,
    IncomingEvent,
    WrittenMessage,
)

CHANNEL = SyndicationChannel()
SAMPLES = Path(__file__).parent / "samples"
RSS = (SAMPLES / "rss.xml").read_bytes()
ATOM = (SAMPLES / "atom.xml").read_bytes()
AT_US = 1_772_438_400_000_000

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<rss version='2.0'><channel><item><title>&b;</title></item></channel></rss>"
)
OUTSIDE = (
    b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<rss version='2.0'><channel><item><title>&x;</title></item></channel></rss>"
)


def parse(body: bytes) -> list[IncomingEvent]:
    return CHANNEL.parse(InboundRequest(body))


def test_rss_is_read_with_the_oldest_first() -> None:
    older, newer, counts = parse(RSS)
    assert isinstance(older.body, WrittenMessage)
    assert (older.body.message_id, older.body.text) == (
        "https://blog.example.org/old",
        "Plain words",
    )
    assert newer.body == WrittenMessage(
        message_id="tag-42",
        author_kind="customer",
        author_name="Rosa Lind",
        text="It lasts two days.",
        language_hint="en-GB",
        attachments=(
            Attachment(
                "audio",
                url="https://blog.example.org/k2.mp3",
                media_type="audio/mpeg",
                size_bytes=1024,
            ),
            Attachment("image", url="https://blog.example.org/k2.jpg", name="K2", inline=True),
        ),
        subject="Kestrel K2 & its battery",
        is_public=True,
        reply_address="https://blog.example.org/k2",
    )
    assert (newer.thread_id, newer.author_id, newer.occurred_at_us) == (
        "tag-42",
        "Rosa Lind",
        AT_US,
    )
    assert counts.body == Engagement("tag-42", replies=7)


def test_an_atom_comment_belongs_to_its_post() -> None:
    [event] = parse(ATOM)
    assert event.body == WrittenMessage(
        message_id="urn:c:2",
        author_kind="customer",
        author_name="Timo",
        text="Bei mir nicht.",
        reply_to_message_id="tag-42",
        language_hint="de",
        identifiers=(Identifier("email", "timo@example.org"),),
        subject="Re: K2",
        is_public=True,
        reply_address="https://blog.example.org/k2#c2",
    )
    assert (event.thread_id, event.occurred_at_us) == ("tag-42", AT_US)


def test_a_changed_text_is_another_version_and_a_changed_picture_is_none() -> None:
    [_, before, _] = parse(RSS)
    [_, text, _] = parse(RSS.replace(b"two", b"three"))
    [_, picture, _] = parse(RSS.replace(b"k2.jpg", b"k3.jpg"))
    assert before.event_id == picture.event_id != text.event_id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<html><body>404</body></html>",
        b"https://blog.example.org/feed",
        b"/etc/passwd",
        BOMB,
        OUTSIDE,
        b"<a>" * 100_000,
        b"<rss>" + b"x" * 9 * 1024 * 1024,
        "<?xml version='1.0' encoding='utf-7'?><rss/>".encode("utf-16"),
    ],
    ids=range(10),
)
def test_what_is_no_feed_or_made_to_harm_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse(body)


def test_an_old_feed_may_name_its_public_document_type() -> None:
    named = b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://example.com/rss.dtd">'
    start = RSS.index(b"<rss")
    assert parse(RSS[:start] + named + RSS[start:]) == parse(RSS)


def test_a_feed_that_is_slightly_broken_is_read_all_the_same() -> None:
    events = parse(RSS.replace(b"Plain words", b"Plain&nbsp;words & more"))
    assert len(events) == 3


def test_nobody_can_push() -> None:
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(RSS), SyndicationSettings(("s",)), 0)


@given(st.binary(max_size=100), st.integers(0, len(RSS)), st.integers(0, 40))
def test_any_changed_feed_is_read_or_told(noise: bytes, at: int, cut: int) -> None:
    with contextlib.suppress(InvalidRequestError):
        parse(RSS[:at] + noise + RSS[at + cut :])
    with contextlib.suppress(InvalidRequestError):
        parse(noise)
