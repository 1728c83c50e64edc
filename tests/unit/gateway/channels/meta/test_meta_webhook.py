from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywa.utils import webhook_updates_validator

from services.gateway.channels.instagram import InstagramChannel, InstagramSettings
from services.gateway.channels.messenger import MessengerChannel, MessengerSettings
from services.gateway.channels.meta.webhook import MetaChannel, MetaSettings
from services.gateway.channels.whatsapp import WhatsAppChannel, WhatsAppSettings
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
    RefusedError,
)

WHATSAPP = WhatsAppChannel()
CHANNELS: list[MetaChannel] = [WHATSAPP, MessengerChannel(), InstagramChannel()]
SETTINGS = WhatsAppSettings(secrets=("0ld", "5ecret"), verify_token="höret")
BODY = b'{"object":"page","entry":[]}'
SAMPLES = sorted(Path(__file__).parents[1].glob("*/samples/*.json"))


def signature(secret: str, body: bytes = BODY) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def signed(header: str, body: bytes = BODY) -> InboundRequest:
    return InboundRequest(body, {"x-hub-signature-256": header})


@pytest.mark.parametrize("secret", SETTINGS.secrets)
def test_each_secret_of_a_rotation_proves_a_request(secret: str) -> None:
    request = signed(signature(secret))
    assert WHATSAPP.verify(request, SETTINGS, 0) is request


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", signature("other"), signature("5ecret").upper(), "é", "\udc80", "sha1=00"],
)
def test_another_signature_is_refused(header: str) -> None:
    with pytest.raises(RefusedError, match="x-hub-signature-256"):
        WHATSAPP.verify(signed(header), SETTINGS, 0)


def test_a_signature_of_other_bytes_is_refused() -> None:
    for index in range(len(BODY)):
        body = BODY[:index] + bytes([BODY[index] ^ 1]) + BODY[index + 1 :]
        with pytest.raises(RefusedError):
            WHATSAPP.verify(signed(signature("5ecret"), body), SETTINGS, 0)


def test_a_real_delivery_is_proved_and_read(vector: Callable[[str], dict[str, Any]]) -> None:
    published = vector("meta-whatsapp-cloud")
    body = published["request"]["raw_body"].encode()
    headers = {name.lower(): text for name, text in published["request"]["headers"].items()}
    settings = WhatsAppSettings(secrets=(published["secret"]["app_secret"],))
    [event] = WHATSAPP.parse(WHATSAPP.verify(InboundRequest(body, headers), settings, 0))
    assert event.event_id.startswith("wamid.")
    assert event.occurred_at_us == 1_730_231_903_000_000


@given(st.binary(max_size=200), st.text("0123456789abcdef", min_size=1, max_size=40))
def test_signatures_are_what_the_library_expects(body: bytes, secret: str) -> None:
    header = signature(secret, body)
    assert webhook_updates_validator(secret, body, header)
    WHATSAPP.verify(signed(header, body), WhatsAppSettings(secrets=(secret,)), 0)


def subscription(**changed: str) -> InboundRequest:
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": "höret",
        "hub.challenge": "1158201444",
    } | {name.replace("_", ".", 1): value for name, value in changed.items()}
    return InboundRequest(b"", query=query, method="GET")


def test_the_challenge_of_a_subscription_is_answered() -> None:
    assert WHATSAPP.handshake(subscription(), SETTINGS, 0) == Answer(b"1158201444")


@pytest.mark.parametrize(
    "request_",
    [
        subscription(hub_verify_token="else"),
        subscription(hub_verify_token="\udc80"),
        subscription(hub_mode="unsubscribe"),
        subscription(hub_challenge="x" * 2000),
    ],
)
def test_a_subscription_that_does_not_prove_itself_is_refused(request_: InboundRequest) -> None:
    with pytest.raises(RefusedError):
        WHATSAPP.handshake(request_, SETTINGS, 0)


def test_nobody_subscribes_without_a_word_to_prove_it() -> None:
    with pytest.raises(RefusedError, match="verify_token"):
        WHATSAPP.handshake(subscription(hub_verify_token=""), WhatsAppSettings(("x",)), 0)


def test_a_delivery_is_no_handshake() -> None:
    assert WHATSAPP.handshake(InboundRequest(BODY), SETTINGS, 0) is None
    assert WHATSAPP.handshake(InboundRequest(b"", method="GET"), SETTINGS, 0) is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (WhatsAppSettings(("5ecret\n",)), "app secret"),
        (MessengerSettings(("a1",), api_base="graph.example"), "api_base"),
        (InstagramSettings(("a1",), sign="full"), "sign"),
    ],
)
def test_settings_that_cannot_be_are_told_at_the_start(settings: MetaSettings, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        WHATSAPP.check(settings)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.kind)
@given(body=st.binary(max_size=300))
def test_any_bytes_are_read_or_complained_about(channel: MetaChannel, body: bytes) -> None:
    for whole in (body, b'{"entry":' + body + b"}", b"[" + body + b"]"):
        try:
            channel.parse(InboundRequest(whole))
        except InvalidRequestError:
            continue


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "mid", "text", "payload"]), inner)
    ),
    max_leaves=5,
)


def mutated(payload: Any, path: list[int], new: Any) -> Any:
    """Replace what a path of choices leads to."""
    if not path or not isinstance(payload, dict | list) or not payload:
        return new
    if isinstance(payload, list):
        at = path[0] % len(payload)
        return [*payload[:at], mutated(payload[at], path[1:], new), *payload[at + 1 :]]
    name = sorted(payload)[path[0] % len(payload)]
    return {**payload, name: mutated(payload[name], path[1:], new)}


@given(data=st.data())
def test_any_change_of_a_sample_is_read_or_complained_about(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([one for one in SAMPLES if one.parts[-3] in _KINDS]))
    payload = json.loads(path.read_text(encoding="utf-8"))
    steps = data.draw(st.lists(st.integers(0, 20), max_size=10))
    body = json.dumps(mutated(payload, steps, data.draw(JSON))).encode()
    for channel in CHANNELS:
        try:
            events = channel.parse(InboundRequest(body))
        except InvalidRequestError:
            continue
        assert all(event.event_id and event.channel == channel.kind for event in events)


_KINDS = frozenset(channel.kind for channel in CHANNELS)


@pytest.mark.parametrize("depth", [100, 900, 5_000, 100_000])
@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.kind)
def test_deep_nesting_is_complained_about_at_most(channel: MetaChannel, depth: int) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"entry":', b"}"), (b'{"x":', b"}")):
        body = b'{"entry":[{"changes":[' + opening * depth + b"1" + closing * depth + b"]}]}"
        try:
            channel.parse(InboundRequest(body))
        except InvalidRequestError:
            continue
