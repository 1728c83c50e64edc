"""The proof of a request, for WeChat and whoever signs like it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from services.gateway.channels.wechat_official_account import (
    WechatOfficialAccountChannel,
    WechatSettings,
)
from services.gateway.channels.wechat_signing import SeenSignatures, check_key, decrypt, sign
from services.gateway.domain.inbound import InboundRequest, RefusedError

NOW = 1_772_529_342
NOW_US = NOW * 1_000_000
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
PLAIN = WechatSettings(("new-token", "old-token"))
SEALED = WechatSettings(("new-token",), app_id="wx-care", encoding_aes_key=KEY)


@pytest.fixture
def channel() -> WechatOfficialAccountChannel:
    return WechatOfficialAccountChannel()


def signed(body: bytes, token: str = "new-token", at: int = NOW, **query: str) -> InboundRequest:
    parts = {"timestamp": str(at), "nonce": "n-1"} | query
    signature = sign(token, parts["timestamp"], parts["nonce"])
    return InboundRequest(body, query={"signature": signature, **parts})


def sealed(message: bytes, key: str = KEY, app_id: str = "wx-care") -> InboundRequest:
    encrypted = PrpCrypto(check_key(key)).encrypt(message.decode(), app_id).decode()
    request = signed(json.dumps({"ToUserName": "gh", "Encrypt": encrypted}).encode())
    proof = sign("new-token", request.query["timestamp"], request.query["nonce"], encrypted)
    return replace(request, query={**request.query, "msg_signature": proof})


def test_the_published_examples_pass_and_their_changes_do_not(
    channel: WechatOfficialAccountChannel, vector: Callable[[str], dict[str, Any]]
) -> None:
    published = vector("wechat-oa-post-aes")
    query = published["request"]["query"]
    body = json.dumps(published["request"]["body_json"]).encode()
    request = InboundRequest(body, query=query)
    settings = WechatSettings(("AAAAA",), app_id="wxba5fad812f8e6fb9", encoding_aes_key="A" * 43)
    now_us = int(query["timestamp"]) * 1_000_000
    assert channel.verify(request, settings, now_us).body.decode() == published["plaintext"]
    for changed in (
        replace(request, query={**query, "msg_signature": "1" + query["msg_signature"][1:]}),
        replace(request, query={**query, "nonce": "415670742"}),
        replace(request, body=body.replace(b"+qdx", b"+qdy")),
    ):
        with pytest.raises(RefusedError):
            channel.verify(changed, settings, now_us)
    with pytest.raises(RefusedError):
        channel.verify(request, replace(settings, app_id="wx-other"), now_us)


def test_the_echo_is_given_back_to_whom_it_may_concern(
    channel: WechatOfficialAccountChannel, vector: Callable[[str], dict[str, Any]]
) -> None:
    query = vector("wechat-oa-get-verify")["request"]["query"]
    request = InboundRequest(b"", query=query, method="GET")
    answer = channel.handshake(request, WechatSettings(("other", "AAAAA")), 0)
    assert answer is not None
    assert answer.body == query["echostr"].encode()
    with pytest.raises(RefusedError):
        channel.handshake(request, WechatSettings(("other",)), 0)
    with pytest.raises(RefusedError, match="echostr"):
        channel.handshake(
            replace(request, query={**query, "echostr": ""}), WechatSettings(("AAAAA",)), 0
        )
    assert channel.handshake(replace(request, method="POST"), PLAIN, 0) is None


@pytest.mark.parametrize("token", ["new-token", "old-token"])
def test_each_token_of_a_rotation_is_taken(
    channel: WechatOfficialAccountChannel, token: str
) -> None:
    channel.verify(signed(b"a", token), PLAIN, NOW_US)


def test_only_the_window_around_now_is_taken(channel: WechatOfficialAccountChannel) -> None:
    for late in (-600, 600):
        channel.verify(signed(b"a"), PLAIN, (NOW + late) * 1_000_000)
    for late in (-601, 601):
        with pytest.raises(RefusedError, match="600 s"):
            channel.verify(signed(b"a"), PLAIN, (NOW + late) * 1_000_000)


def test_a_retry_passes_and_another_body_with_its_signature_does_not(
    channel: WechatOfficialAccountChannel,
) -> None:
    channel.verify(signed(b"first"), PLAIN, NOW_US)
    channel.verify(signed(b"first"), PLAIN, NOW_US + 5_000_000)
    with pytest.raises(RefusedError, match="another body"):
        channel.verify(signed(b"forged"), PLAIN, NOW_US + 6_000_000)


def test_digits_cannot_wander_between_time_and_nonce(channel: WechatOfficialAccountChannel) -> None:
    request = signed(b"a", timestamp=f"{NOW}1", nonce="2")
    with pytest.raises(RefusedError, match="digits"):
        channel.verify(request, PLAIN, NOW_US)


def test_an_account_with_a_key_takes_nothing_that_is_not_encrypted(
    channel: WechatOfficialAccountChannel,
) -> None:
    with pytest.raises(RefusedError):
        channel.verify(signed(b'{"MsgType": "text"}'), SEALED, NOW_US)


def test_what_the_library_encrypts_is_read(channel: WechatOfficialAccountChannel) -> None:
    for length in range(70):
        message = b"m" * length
        assert channel.verify(sealed(message), SEALED, NOW_US).body == message


def test_the_key_before_is_taken_too(channel: WechatOfficialAccountChannel) -> None:
    settings = replace(SEALED, encoding_aes_key="B" * 43, previous_encoding_aes_key=KEY)
    assert channel.verify(sealed("你好".encode()), settings, NOW_US).body.decode() == "你好"


def test_what_is_meant_for_another_account_is_refused(
    channel: WechatOfficialAccountChannel,
) -> None:
    with pytest.raises(RefusedError, match="somebody else"):
        channel.verify(sealed(b"m", app_id="wx-other"), SEALED, NOW_US)


@given(st.binary(max_size=100), st.text(max_size=60))
def test_nothing_but_a_refusal_comes_of_any_bytes(body: bytes, text: str) -> None:
    channel = WechatOfficialAccountChannel()
    query = dict.fromkeys(("signature", "msg_signature", "nonce", "echostr"), text)
    request = InboundRequest(body, query={**query, "timestamp": str(NOW)}, method="GET")
    for settings in (PLAIN, SEALED):
        with pytest.raises(RefusedError):
            channel.verify(request, settings, NOW_US)
        with pytest.raises(RefusedError):
            channel.handshake(request, settings, NOW_US)


@given(st.binary(max_size=96))
def test_any_ciphertext_is_opened_or_refused(ciphertext: bytes) -> None:
    from base64 import b64encode  # noqa: PLC0415

    with pytest.raises(RefusedError):
        decrypt(b64encode(ciphertext).decode(), [KEY], "wx-care")


def test_the_memory_of_signatures_is_bounded_in_number_and_in_time() -> None:
    seen = SeenSignatures(most=3)
    for number in range(5):
        seen.check(f"s{number}", b"body", NOW_US)
    assert len(seen) == 3
    seen.check("s9", b"body", NOW_US + 1_201 * 1_000_000)
    assert len(seen) == 1
