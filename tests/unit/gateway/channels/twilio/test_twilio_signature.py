from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from services.gateway.channels.twilio.channel import TwilioChannel, TwilioSettings
from services.gateway.domain.inbound import InboundRequest, RefusedError

CHANNEL = TwilioChannel()
TOKEN = "t0ken-of-the-account"
URL = "https://care.example.org"
TARGET = "/v1/twilio/acme/main?lane=1"
FORM = {"CallSid": "CA1", "From": "+4917", "Body": "größer & kleiner", "Empty": ""}


def settings(**changed: Any) -> TwilioSettings:
    return TwilioSettings(**{"secrets": ("old", TOKEN), "public_url": URL} | changed)


def signed(
    form: dict[str, str] | None = None,
    target: str = TARGET,
    url: str = URL,
    algorithm: str | None = None,
    headers: dict[str, str] | None = None,
) -> InboundRequest:
    fields = FORM if form is None else form
    signature = RequestValidator(TOKEN).compute_signature(url + target, fields, algorithm)
    return InboundRequest(
        urlencode(fields).encode(),
        {"x-twilio-signature": signature, **(headers or {})},
        target=target,
    )


@pytest.mark.parametrize("vector_id", ["twilio-form", "twilio-https-port-stripped"])
def test_the_published_vectors_pass_and_fail_with_one_flipped_byte(
    vector: Callable[[str], dict[str, Any]], vector_id: str
) -> None:
    one = vector(vector_id)
    address = urlsplit(one["request"]["url"])
    account = TwilioSettings(
        secrets=(one["secret"]["auth_token"],),
        public_url=f"{address.scheme}://{address.netloc}",
    )
    headers = {name.lower(): value for name, value in one["request"]["headers"].items()}
    body = urlencode(one["request"]["form"]).encode()
    target = f"{address.path}?{address.query}"
    CHANNEL.verify(InboundRequest(body, headers, target=target), account, 0)
    wrong = [
        InboundRequest(body.replace(b"1234", b"1235", 1), headers, target=target),
        InboundRequest(body, headers, target=target.replace("foo=1", "foo=2")),
        InboundRequest(body, {"x-twilio-signature": "S" + one["expected"][1:]}, target=target),
    ]
    for request in wrong:
        with pytest.raises(RefusedError):
            CHANNEL.verify(request, account, 0)


def test_what_the_published_library_signs_is_accepted() -> None:
    CHANNEL.verify(signed(), settings(), 0)
    CHANNEL.verify(signed(url=URL + ":443"), settings(), 0)
    CHANNEL.verify(signed(url=URL), settings(public_url=URL + ":8443"), 0)
    request = signed(
        algorithm="HMAC_SHA256",
        headers={"x-twilio-webhooks-signature-settings": "key=k1,algorithm=HMAC_SHA256"},
    )
    CHANNEL.verify(request, settings(), 0)


def test_the_clients_word_for_the_address_counts_nothing() -> None:
    request = signed(url="https://evil.example")
    forwarded = dict(request.headers) | {"x-forwarded-host": "evil.example", "host": "evil.example"}
    with pytest.raises(RefusedError):
        CHANNEL.verify(InboundRequest(request.body, forwarded, target=TARGET), settings(), 0)


def test_a_json_body_is_proved_by_its_digest() -> None:
    body = b'{"a": 1}'
    digest = sha256(body).hexdigest()
    target = f"{TARGET}&bodySHA256={digest}"
    request = signed({}, target)
    query = {"lane": "1", "bodySHA256": digest}
    CHANNEL.verify(InboundRequest(body, request.headers, query, target=target), settings(), 0)
    with pytest.raises(RefusedError, match="bodySHA256"):
        CHANNEL.verify(InboundRequest(b"{}", request.headers, query, target=target), settings(), 0)


def test_a_json_body_without_a_digest_is_refused() -> None:
    request = signed({})
    with pytest.raises(RefusedError, match="bodySHA256"):
        CHANNEL.verify(InboundRequest(b'{"a": 1}', request.headers, target=TARGET), settings(), 0)


def test_an_unknown_algorithm_and_a_missing_signature_are_refused() -> None:
    request = signed(headers={"x-twilio-webhooks-signature-settings": "algorithm=HMAC_MD5"})
    with pytest.raises(RefusedError, match="algorithm"):
        CHANNEL.verify(request, settings(), 0)
    with pytest.raises(RefusedError, match="missing"):
        CHANNEL.verify(InboundRequest(request.body, target=TARGET), settings(), 0)


def test_a_wrong_signature_style_is_told_at_the_start() -> None:
    CHANNEL.check(settings(sign="initials"))
    with pytest.raises(ValueError, match="sign is"):
        CHANNEL.check(settings(sign="full"))


@pytest.mark.parametrize(
    "public_url",
    ["", "care.example.org", "ftp://x", "https://x/?a=1", "https://x:99999", "http://["],
)
def test_a_wrong_public_url_is_told_at_the_start(public_url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        CHANNEL.check(settings(public_url=public_url))


@given(st.binary(), st.text(), st.text(), st.text())
def test_any_bytes_are_refused_and_nothing_else(
    body: bytes, signature: str, target: str, digest: str
) -> None:
    for query in ({}, {"bodySHA256": digest}):
        request = InboundRequest(
            body, {"x-twilio-signature": signature}, query, target=f"/{target}"
        )
        with pytest.raises(RefusedError):
            CHANNEL.verify(request, settings(), 0)
