from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.gateway.channels import standard_webhooks
from services.gateway.domain.inbound import InboundRequest, RefusedError

SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
OTHER = "whsec_" + b64encode(b"another key of 24 bytes!").decode()
NOW = 1_700_000_000
BODY = b'{"type":"message.received"}'


def signed(
    *,
    secret: str = SECRET,
    body: bytes = BODY,
    at: int = NOW,
    webhook_id: str = "msg_1",
    **changed: str,
) -> InboundRequest:
    signature = Webhook(secret).sign(webhook_id, datetime.fromtimestamp(at, UTC), body.decode())
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature,
    }
    return InboundRequest(body, headers | {k.replace("_", "-"): v for k, v in changed.items()})


def verify(request: InboundRequest, *secrets: str, now: int = NOW) -> None:
    standard_webhooks.verify(request, secrets or (SECRET,), now * 1_000_000)


def test_the_published_example_is_accepted(vector: Callable[[str], dict[str, Any]]) -> None:
    example = vector("standard-webhooks-v1")
    request = InboundRequest(example["request"]["raw_body"].encode(), example["request"]["headers"])
    at = int(request.headers["webhook-timestamp"])
    verify(request, example["secret"]["secret"], now=at)
    with pytest.raises(RefusedError, match="no signature"):
        verify(InboundRequest(request.body + b" ", request.headers), SECRET, now=at)


@given(st.text(st.characters(codec="utf-8")), st.binary(min_size=24, max_size=64))
def test_what_the_published_library_signs_is_accepted(text: str, key: bytes) -> None:
    secret = "whsec_" + b64encode(key).decode()
    verify(signed(secret=secret, body=text.encode()), secret)


def test_one_matching_signature_of_several_is_enough() -> None:
    old, new = signed(secret=OTHER), signed()
    both = f"{old.headers['webhook-signature']} {new.headers['webhook-signature']}"
    verify(signed(webhook_signature=both))
    verify(signed(webhook_signature=both), OTHER)


def test_either_secret_of_an_account_is_enough() -> None:
    verify(signed(secret=OTHER), SECRET, OTHER)
    verify(signed(), OTHER, SECRET)


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_request_within_five_minutes_is_accepted(age: int) -> None:
    verify(signed(at=NOW - age))


@pytest.mark.parametrize("age", [-301, 301])
def test_an_older_or_newer_request_is_refused(age: int) -> None:
    with pytest.raises(RefusedError, match="300 s away from now"):
        verify(signed(at=NOW - age))


def test_a_signature_holds_for_its_id_and_time_only() -> None:
    with pytest.raises(RefusedError, match="no signature"):
        verify(signed(), OTHER)
    for name, value in (("webhook-id", "msg_2"), ("webhook-timestamp", str(NOW + 1))):
        request = signed()
        with pytest.raises(RefusedError, match="no signature"):
            verify(InboundRequest(request.body, {**request.headers, name: value}))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    request = signed()
    headers = {key: value for key, value in request.headers.items() if key != name}
    with pytest.raises(RefusedError, match=f"{name} is missing"):
        verify(InboundRequest(request.body, headers))


@pytest.mark.parametrize("timestamp", ["now", "nan", "-1", "1.7e9", "²", "9" * 400, " 1"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    with pytest.raises(RefusedError, match="webhook-timestamp"):
        verify(signed(webhook_timestamp=timestamp))


@given(st.text(min_size=1))
def test_no_signature_text_breaks_the_check(text: str) -> None:
    with pytest.raises(RefusedError):
        verify(signed(webhook_signature=text))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_!!!" + "a" * 40, "é" * 40])
def test_what_is_no_secret_is_told_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        standard_webhooks.decode_secret(secret)


def test_a_secret_without_padding_is_the_same_secret() -> None:
    key = b"0123456789abcdef0123456789"
    text = b64encode(key).decode()
    assert text.endswith("=")
    assert standard_webhooks.decode_secret(text.rstrip("=")) == key
    assert standard_webhooks.decode_secret(f"whsec_{text}") == key
