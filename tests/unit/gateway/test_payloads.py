from __future__ import annotations

from services.gateway.channels.mail import MailSettings
from services.gateway.channels.mail.channel import RULES_HEADER
from services.gateway.domain.account import Account
from services.gateway.domain.inbound import InboundRequest
from services.gateway.payloads import payload_of, request_of

ACCOUNT = Account("acme", "desk", "mail", MailSettings())


def test_what_says_something_is_kept_and_comes_back() -> None:
    headers = {"content-type": "message/rfc822", "x-topic": "post", RULES_HEADER: "[]"}
    request = InboundRequest(b"mail", headers, {"lang": "zh"}, "POST", "/v1/mail/acme/desk")
    assert request_of(payload_of(ACCOUNT, request, 1)) == request


def test_what_proves_something_is_not_kept() -> None:
    proofs = ("x-hub-signature-256", "x-api-key", "x-shop-hmac-sha256", "x-telegram-secret-token")
    headers = {"authorization": "Basic eDp5", "cookie": "a=b", **dict.fromkeys(proofs, "proof")}
    query = {"hub.verify_token": "word", "sig": "s", "pwd": "p", "access_token": "t"}
    kept = payload_of(ACCOUNT, InboundRequest(b"", headers, query, target="/a?sig=s"), 1)
    assert not kept.headers
    assert not kept.query
    assert kept.target == ""
