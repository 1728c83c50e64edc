"""What every channel's sender owes the lane, whatever it is asked to send."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.channels.registry import CHANNELS
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError
from services.gateway.senders.registry import SENDERS
from services.gateway.senders.sender import Sender

NOW_US = 1_790_000_000_000_000
DAY_US = 24 * 3600 * 1_000_000
BY_KIND = {channel.kind: channel for channel in CHANNELS}

# No surrogates: what comes along the lanes is UTF-8.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
ids = st.one_of(st.from_regex(r"[0-9]{1,12}(:[0-9]{1,6})?", fullmatch=True), texts)
attachments = st.lists(
    st.builds(
        Attachment,
        kind=st.sampled_from(["image", "audio", "video", "file", "sticker", "contact", "link"]),
        media_id=st.sampled_from(["", "media-1"]),
        url=st.sampled_from(["", "https://files.example.org/a.png", "ftp://x", "not a url"]),
        media_type=st.sampled_from(["", "image/png", "video/mp4", "text"]),
        name=texts,
        size_bytes=st.integers(0, 10**12),
        content=st.binary(max_size=20),
    ),
    max_size=3,
)
replies = st.builds(
    Reply,
    reply_id=texts.filter(bool),
    thread_id=ids,
    text=st.one_of(texts, st.integers(1, 40).map(lambda n: "A sentence of a reply. " * n * 20)),
    reply_address=st.one_of(st.just(""), ids),
    last_customer_message_id=ids,
    last_customer_at_us=st.sampled_from([0, NOW_US - 60_000_000, NOW_US - 40 * DAY_US]),
    attachments=attachments.map(tuple),
    quick_replies=st.lists(st.tuples(texts, texts), max_size=15).map(tuple),
    template=st.one_of(
        st.none(), st.tuples(texts, st.sampled_from(["en", "zh-CN"]), st.tuples(texts))
    ),
    reply_to_message_id=st.one_of(st.just(""), ids),
    agent_name=texts,
    by_bot=st.booleans(),
    public=st.booleans(),
    automatic=st.booleans(),
    subject=texts,
)

each_sender = pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.kind)


def settings_of(sender: Sender) -> Any:
    """Fill every setting that is a text, as an organisation would."""
    cls = BY_KIND[sender.kind].settings
    given: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.type == "str" and not getattr(cls(), field.name, ""):
            given[field.name] = "" if field.name == "sign" else "filled-in"
        elif field.name == "secrets":
            given[field.name] = ("a-secret-of-some-length",)
    return cls(**given)


def test_every_sender_is_of_a_channel_and_there_is_one_of_each() -> None:
    kinds = [sender.kind for sender in SENDERS]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) <= set(BY_KIND)


@each_sender
@settings(max_examples=60, deadline=None)
@given(reply=replies, filled=st.booleans())
def test_a_plan_is_made_or_refused_and_is_the_same_again(
    sender: Sender, reply: Reply, filled: bool
) -> None:
    account = settings_of(sender) if filled else BY_KIND[sender.kind].settings()
    refused: ReplyRefusedError | None
    try:
        parts = sender.plan(reply, account, NOW_US)
    except ReplyRefusedError as error:
        refused = error
        parts = ()
    else:
        refused = None
    if refused is not None:
        assert refused.code
        assert refused.reason
        return
    assert parts == sender.plan(reply, account, NOW_US)
    assert parts
    keys = [part.key for part in parts]
    assert len(set(keys)) == len(keys)
    assert all(keys)
    for part in parts:
        json.dumps(part.payload)
