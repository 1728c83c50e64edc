from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.gateway.channels.app_store import AppStoreSettings
from services.gateway.channels.google_play import GooglePlaySettings
from services.gateway.domain.incoming import WrittenMessage
from services.gateway.sources.app_store import AppStoreSource
from services.gateway.sources.google_play import GooglePlaySource

AUDIENCE = "appstoreconnect-v1"


def pem(key: Any) -> str:
    return str(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
    )


@pytest.fixture(scope="module")
def apple_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def google_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def review(number: int, text: str = "words") -> dict[str, Any]:
    return {
        "type": "customerReviews",
        "id": f"r{number}",
        "attributes": {
            "rating": 3,
            "title": "t",
            "body": text,
            "reviewerNickname": f"n{number}",
            "createdDate": f"2026-03-02T08:00:{number:02d}Z",
        },
    }


def apple(key: ec.EllipticCurvePrivateKey) -> AppStoreSettings:
    return AppStoreSettings(
        app_id="123",
        issuer_id="iss",
        key_id="KEY",
        private_key=pem(key),
        api_base="https://a.example",
    )


async def test_all_pages_are_fetched_and_taken_from_the_oldest_on(
    world: Callable[..., Any], apple_key: ec.EllipticCurvePrivateKey
) -> None:
    def answer(asked: Any) -> Any:
        if "cursor=2" in asked.url:
            return 200, {}, json.dumps({"data": [review(1)]}).encode()
        links = {"next": "https://a.example/v1/apps/123/customerReviews?cursor=2"}
        return 200, {}, json.dumps({"data": [review(3), review(2)], "links": links}).encode()

    here = world(answer)
    await here.run(AppStoreSource(), apple(apple_key))
    assert [event.thread_id for event in here.taken] == ["r1", "r2", "r3"]
    assert here.pauses == [300]
    token = here.asked[0].headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token,
        apple_key.public_key(),
        algorithms=["ES256"],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert jwt.get_unverified_header(token)["kid"] == "KEY"
    assert (claims["iss"], claims["exp"] - claims["iat"]) == ("iss", 900)


async def test_the_token_goes_to_no_other_host(
    world: Callable[..., Any], apple_key: ec.EllipticCurvePrivateKey
) -> None:
    page = {"data": [review(1)], "links": {"next": "https://evil.example/x"}}
    here = world(lambda _: (200, {}, json.dumps(page).encode()))
    await here.run(AppStoreSource(), apple(apple_key))
    assert len(here.asked) == 1


async def test_a_known_review_that_changed_is_an_edit_and_one_that_did_not_is_nothing(
    world: Callable[..., Any], apple_key: ec.EllipticCurvePrivateKey
) -> None:
    pages = [[review(1), review(2)], [review(1), review(2, "other words")]]
    here = world(lambda asked: (200, {}, json.dumps({"data": pages.pop(0)}).encode()))
    await here.run(AppStoreSource(), apple(apple_key))
    await here.run(AppStoreSource(), apple(apple_key))
    assert [event.thread_id for event in here.taken] == ["r1", "r2", "r2"]
    bodies = [event.body for event in here.taken if isinstance(event.body, WrittenMessage)]
    assert [body.edited for body in bodies] == [False, False, True]


async def test_a_refusal_is_reported_and_the_pause_honours_what_was_asked(
    world: Callable[..., Any], apple_key: ec.EllipticCurvePrivateKey
) -> None:
    here = world(lambda _: (429, {"retry-after": "40"}, b""))
    await here.run(AppStoreSource(), apple(apple_key), rounds=2)
    assert here.troubles == ["the App Store's reviews: answered 429"] * 2
    assert here.pauses == [40.0, 40.0]
    assert here.taken == []


def google(key: rsa.RSAPrivateKey) -> GooglePlaySettings:
    return GooglePlaySettings(
        package_name="com.example.app",
        client_email="svc@example.iam",
        private_key=pem(key),
        api_base="https://g.example",
        token_url="https://t.example/token",
    )


def comment(number: int) -> dict[str, Any]:
    told = {"text": "words", "lastModified": {"seconds": str(1_772_438_400 + number)}}
    return {"reviewId": f"g{number}", "authorName": "A", "comments": [{"userComment": told}]}


async def test_google_gives_a_token_and_then_pages(
    world: Callable[..., Any], google_key: rsa.RSAPrivateKey
) -> None:
    def answer(asked: Any) -> Any:
        if asked.url == "https://t.example/token":
            claims = jwt.decode(
                asked.json["assertion"],
                google_key.public_key(),
                algorithms=["RS256"],
                audience="https://t.example/token",
                options={"verify_exp": False, "verify_iat": False},
            )
            assert claims["iss"] == "svc@example.iam"
            return 200, {}, b'{"access_token": "tok", "expires_in": 3600}'
        assert asked.headers["Authorization"] == "Bearer tok"
        if "token=more" in asked.url:
            return 200, {}, json.dumps({"reviews": [comment(1)]}).encode()
        page = {"reviews": [comment(2)], "tokenPagination": {"nextPageToken": "more"}}
        return 200, {}, json.dumps(page).encode()

    here = world(answer)
    await here.run(GooglePlaySource(), google(google_key), rounds=2)
    assert sorted(event.thread_id for event in here.taken) == ["g1", "g2"]
    assert [asked.method for asked in here.asked].count("POST") == 1


async def test_a_refused_token_is_fetched_anew(
    world: Callable[..., Any], google_key: rsa.RSAPrivateKey
) -> None:
    def answer(asked: Any) -> Any:
        if asked.method == "POST":
            return 200, {}, b'{"access_token": "tok", "expires_in": 3600}'
        return 401, {}, b""

    here = world(answer)
    await here.run(GooglePlaySource(), google(google_key), rounds=2)
    assert [asked.method for asked in here.asked] == ["POST", "GET", "POST", "GET"]
    assert here.pauses == [1.0, 2.0]
