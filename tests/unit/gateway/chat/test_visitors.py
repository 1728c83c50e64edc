"""Who a visitor is, and what proves it."""

from __future__ import annotations

import hmac
from hashlib import sha256
from itertools import pairwise

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.channels.web_chat_identity import known_visitor
from services.gateway.domain.chat_frames import Identity
from services.gateway.domain.chat_visitors import ChatTokens, identity_matches
from services.gateway.domain.inbound import RefusedError

NOW_S = 1_767_225_600
NOW_US = NOW_S * 1_000_000
OLD, NEW = (
    "the old secret of this web chat, long enough",
    "the new secret of this web chat, as well",
)
SETTINGS = WebChatSettings((OLD, NEW))


def signed(customer_id: str, secret: str = NEW) -> Identity:
    signature = hmac.digest(secret.encode(), customer_id.encode(), sha256).hex()
    return Identity(customer_id, signature)


def test_each_secret_of_a_rotation_proves_a_customer() -> None:
    for secret in (OLD, NEW):
        assert known_visitor(signed("c-17", secret), SETTINGS, NOW_US).visitor_id == "u-c-17"


def test_a_published_vector_of_hmac_sha256_holds() -> None:
    # RFC 4231, case 2.
    vector = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert identity_matches(["Jefe"], "what do ya want for nothing?", vector)


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"))
def test_one_changed_digit_proves_nothing(at: int, digit: str) -> None:
    good = signed("c-17").signature
    changed = good[:at] + digit + good[at + 1 :]
    assert identity_matches(SETTINGS.secrets, "c-17", changed) == (changed == good)


def test_an_id_that_looks_like_a_signed_token_proves_nothing() -> None:
    """Else whoever may choose their id could have a token signed."""
    claims = jwt.encode({"sub": "somebody else", "exp": NOW_S + 60}, "x" * 40, "HS256")
    chosen = claims.rpartition(".")[0]
    with pytest.raises(RefusedError):
        known_visitor(signed(chosen), SETTINGS, NOW_US)


def test_a_name_that_is_no_text_does_not_come_along() -> None:
    claims = {"sub": "c-17", "exp": NOW_S + 60, "name": "a\x00b", "email": 5, "phone": "+361"}
    token = jwt.encode(claims, NEW, "HS256")
    visitor = known_visitor(Identity(token=token), SETTINGS, NOW_US)
    assert visitor.name == ""
    assert [one.kind for one in visitor.identifiers] == ["crm_id", "phone"]


@given(st.text(), st.text(), st.text())
@settings(max_examples=200)
def test_whatever_is_offered_only_a_refusal_comes_back(
    customer_id: str, signature: str, token: str
) -> None:
    for identity in (Identity(customer_id, signature), Identity(token=token or "x")):
        with pytest.raises(RefusedError):
            known_visitor(identity, SETTINGS, NOW_US)
    with pytest.raises(RefusedError):
        ChatTokens(SETTINGS.secrets).read("visitor", token, NOW_US, 60)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_token_gives_back_what_it_was_issued_for(content: str) -> None:
    tokens = ChatTokens([OLD, NEW])
    token = tokens.issue("file", content, NOW_US)
    assert tokens.read("file", token, NOW_US + 60_000_000, 60) == content
    assert ChatTokens([NEW, OLD]).read("file", token, NOW_US, 60) == content


def test_a_token_holds_for_its_purpose_and_its_time_alone() -> None:
    tokens = ChatTokens([OLD])
    token = tokens.issue("file", "content", NOW_US)
    for purpose, secret, at_us in (
        ("visitor", OLD, NOW_US),
        ("file", NEW, NOW_US),
        ("file", OLD, NOW_US + 61_000_000),
    ):
        with pytest.raises(RefusedError):
            ChatTokens([secret]).read(purpose, token, at_us, 60)


def test_no_changed_token_is_taken() -> None:
    tokens = ChatTokens([OLD])
    token = tokens.issue("visitor", "v-1", NOW_US)
    for at in range(len(token)):
        changed = token[:at] + chr(ord(token[at]) ^ 1) + token[at + 1 :]
        with pytest.raises(RefusedError):
            tokens.read("visitor", changed, NOW_US, 60)


def test_the_organisation_cannot_be_made_to_sign_the_gateways_tokens() -> None:
    token = ChatTokens([OLD]).issue("visitor", "v-1", NOW_US)
    content, at, mac = token.split(".")
    signable = [content, f"{content}.{at}", f"visitor.{content}.{at}"]
    assert mac not in [hmac.digest(OLD.encode(), one.encode(), sha256).hex() for one in signable]
    assert [one for one, other in pairwise(signable) if one == other] == []
