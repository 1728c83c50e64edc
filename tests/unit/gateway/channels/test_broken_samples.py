"""Samples of calls, help desks and the organisation's own systems, broken in every way."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.channels.amazon_connect.channel import AmazonConnectChannel
from services.gateway.channels.chatwoot import ChatwootChannel
from services.gateway.channels.first_party import FirstPartyChannel
from services.gateway.channels.freeswitch import FreeswitchChannel
from services.gateway.channels.twilio.channel import TwilioChannel
from services.gateway.channels.zammad import ZammadChannel
from services.gateway.channels.zendesk import ZendeskChannel
from services.gateway.domain.account import Account
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.keys import PartyKeys
from services.gateway.events import to_event
from services.gateway.normal_form import as_dict

HERE = Path(__file__).parent
CHANNELS: tuple[Channel, ...] = (
    AmazonConnectChannel(),
    ChatwootChannel(),
    FreeswitchChannel(),
    TwilioChannel(),
    ZammadChannel(),
    ZendeskChannel(),
)
SAMPLES: list[tuple[Channel, bytes]] = [
    (channel, path.read_bytes())
    for channel in CHANNELS
    for path in sorted((HERE / channel.kind / "samples").iterdir())
]
PAGE = (HERE.parents[3] / "docs" / "channels" / "webhook.md").read_text(encoding="utf-8")
SAMPLES += [
    (FirstPartyChannel(), text.encode())
    for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
]
KEYS = PartyKeys("a secret of some length")


def take(channel: Channel, body: bytes) -> int:
    """Parse as the gateway does, down to the bytes that go to the log."""
    events = channel.parse(InboundRequest(body))
    for one in events:
        assert json.dumps(as_dict(one))
        account = Account("acme", "main", channel.kind, None)
        event = to_event(
            one, account, accepted_at_us=2**51, traceparent="", party_keys=KEYS, blobs={}
        )
        assert event.SerializeToString()
    return len(events)


def test_every_whole_sample_is_taken() -> None:
    # The page's first block shows the envelope alone.
    whole = [
        (channel, body) for channel, body in SAMPLES if b'"data": {"thread_id": "t-1"}}' not in body
    ]
    assert len(whole) >= 40
    for channel, body in whole:
        assert take(channel, body)


@st.composite
def broken(draw: st.DrawFn) -> tuple[Channel, bytes]:
    channel, body = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        until = min(len(body), at + draw(st.integers(0, 40)))
        body = body[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=6)) + body[until:]
    return channel, body


PIECES = [
    b"null", b"[]", b"{}", b'"\\ud800"', b"1e999", b"-1", b"99999999999999999999", b'"', b"true",
    b'""', b"[[[[", b"%00", b"\xff", b'"2026-13-45T99:99:99Z"', b"0.1", b'{"id":{}}', b"&", b"=",
]  # fmt: skip


@settings(max_examples=300)
@given(broken())
def test_a_broken_sample_is_taken_or_turned_down(sample: tuple[Channel, bytes]) -> None:
    channel, body = sample
    try:
        take(channel, body)
    except InvalidRequestError as error:
        assert error.place  # noqa: PT017  # either outcome is fine; a crash is not
