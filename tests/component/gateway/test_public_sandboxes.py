"""The senders of Discourse, Mastodon and the app stores against imitations of their platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.gateway.adapters.platform_http import HttpPlatform, open_session
from services.gateway.channels.app_store import AppStoreSettings
from services.gateway.channels.discourse import DiscourseSettings
from services.gateway.channels.google_play import GooglePlaySettings
from services.gateway.channels.mastodon import MastodonSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.app_store import AppStoreSender
from services.gateway.senders.discourse import DiscourseSender
from services.gateway.senders.google_play import GooglePlaySender
from services.gateway.senders.mastodon import MastodonSender, measure
from services.gateway.senders.sender import Sender
from services.kernel.clock import SystemClock
from services.simulator.platforms import app_store, discourse, google_play, mastodon
from services.simulator.platforms.platform import Book, build_app

NOW_US = 1_772_438_400_000_000


def _pem(key: Any) -> str:
    return str(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
    )


APPLE_KEY = _pem(ec.generate_private_key(ec.SECP256R1()))
GOOGLE_KEY = _pem(rsa.generate_private_key(65537, 2048))
SENDERS: dict[str, Sender] = {
    one.kind: one
    for one in (AppStoreSender(), DiscourseSender(), GooglePlaySender(), MastodonSender())
}
ADDRESSES = {
    "discourse": "post:311:4:mira",
    "mastodon": "311|mira@other.example|unlisted",
    "app_store": "311",
    "google_play": "311",
}


async def nothing(*_: Any, **__: Any) -> None:
    raise AssertionError("neither mail nor chat is used")


class World:
    def __init__(self, base: str, book: Book, platform: HttpPlatform) -> None:
        self.book = book
        self.platform = platform
        self.settings: dict[str, Any] = {
            "discourse": DiscourseSettings(
                base_url=f"{base}/discourse", api_key="key", api_username="care"
            ),
            "mastodon": MastodonSettings(base_url=f"{base}/mastodon", access_token="token"),
            "app_store": AppStoreSettings(
                app_id="1", key_id="k", private_key=APPLE_KEY, api_base=f"{base}/app_store"
            ),
            "google_play": GooglePlaySettings(
                package_name="com.example",
                client_email="svc@example.iam",
                private_key=GOOGLE_KEY,
                api_base=f"{base}/google_play",
                token_url=f"{base}/google_play/token",
            ),
        }

    async def answer(self, kind: str, reply: Reply, **changed: str) -> list[str]:
        sender, settings = SENDERS[kind], replace(self.settings[kind], **changed)
        parts = sender.plan(reply, settings, NOW_US)
        assert parts == sender.plan(reply, settings, NOW_US)
        return [await sender.send(part, settings, self.platform) for part in parts]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    book = Book()
    sandboxes = (
        discourse.DiscourseSandbox(),
        mastodon.MastodonSandbox(),
        app_store.AppStoreSandbox(),
        google_play.GooglePlaySandbox(),
    )
    async with (
        TestServer(build_app(sandboxes, book), host="127.0.0.1") as server,
        open_session(10) as session,
    ):
        platform = HttpPlatform(
            session=session, clock=SystemClock(), submit_mail=nothing, show_in_chat=nothing
        )
        yield World(str(server.make_url("")).rstrip("/"), book, platform)


def reply(kind: str, **changed: Any) -> Reply:
    plain: dict[str, Any] = {
        "reply_id": "r1",
        "thread_id": "311",
        "text": "It is on its way to you.",
        "reply_address": ADDRESSES[kind],
        "public": True,
        "agent_name": "Anna Berg",
    }
    return Reply(**plain | changed)


@pytest.mark.parametrize("kind", sorted(SENDERS))
async def test_an_answer_arrives_in_its_thread(world: World, kind: str) -> None:
    [message_id] = await world.answer(kind, reply(kind), sign="name")
    assert message_id
    [text] = world.book.texts("311")
    assert text.removeprefix("@mira@other.example ") == "It is on its way to you.\n- Anna Berg"


@pytest.mark.parametrize("kind", sorted(SENDERS))
async def test_a_link_to_what_is_attached_goes_along(world: World, kind: str) -> None:
    photo = Attachment("image", url="https://cdn.example/a.jpg", name="a.jpg")
    await world.answer(kind, reply(kind, attachments=(photo,)))
    assert "https://cdn.example/a.jpg" in world.book.texts("311")[0]


@pytest.mark.parametrize("kind", sorted(SENDERS))
async def test_bytes_without_an_address_are_refused_with_the_way_out(
    world: World, kind: str
) -> None:
    with pytest.raises(ReplyRefusedError, match="no public address") as caught:
        await world.answer(kind, reply(kind, attachments=(Attachment("file", content=b"x"),)))
    assert caught.value.code == "media_unsupported"
    assert caught.value.remedy


@pytest.mark.parametrize("kind", sorted(SENDERS))
async def test_an_answer_without_words_is_refused(world: World, kind: str) -> None:
    with pytest.raises(ReplyRefusedError) as caught:
        await world.answer(kind, reply(kind, text=" \n"))
    assert caught.value.code == "empty"


@pytest.mark.parametrize(
    ("kind", "unset"),
    [
        ("discourse", {"api_key": ""}),
        ("mastodon", {"access_token": ""}),
        ("app_store", {"private_key": ""}),
        ("google_play", {"private_key": ""}),
    ],
)
async def test_an_account_without_credentials_says_which(
    world: World, kind: str, unset: dict[str, str]
) -> None:
    with pytest.raises(ReplyRefusedError) as caught:
        await world.answer(kind, reply(kind), **unset)
    assert caught.value.code == "not_configured"
    assert next(iter(unset)) in caught.value.remedy


@pytest.mark.parametrize(("kind", "limit"), [("app_store", 5_970), ("google_play", 350)])
async def test_a_review_has_one_answer_of_a_limited_length(
    world: World, kind: str, limit: int
) -> None:
    await world.answer(kind, reply(kind, text="x" * limit))
    with pytest.raises(ReplyRefusedError) as caught:
        await world.answer(kind, reply(kind, text="x" * (limit + 1)))
    assert caught.value.code == "too_long"


async def test_a_long_status_is_split_and_each_part_names_the_customer(world: World) -> None:
    text = "A sentence with https://example.com/a/very/long/address of help. " * 15
    await world.answer("mastodon", reply("mastodon", text=text))
    said = world.book.texts("311")
    assert len(said) > 1
    assert all(part.startswith("@mira@other.example ") for part in said)
    assert all(measure(part) <= 500 for part in said)
    assert {kept.payload["visibility"] for kept in world.book.messages} == {"unlisted"}


async def test_a_status_that_is_sent_again_is_there_once(world: World) -> None:
    first = await world.answer("mastodon", reply("mastodon"))
    assert await world.answer("mastodon", reply("mastodon")) == first
    assert len(world.book.messages) == 1


async def test_a_public_status_answered_in_private_says_so_in_public(world: World) -> None:
    await world.answer("mastodon", reply("mastodon", public=False))
    private, note = world.book.messages
    assert private.payload["visibility"] == "direct"
    assert (note.payload["visibility"], note.text) == (
        "unlisted",
        "@mira@other.example we have answered you in a private mention.",
    )


async def test_a_public_post_answered_in_private_says_so_in_its_topic(world: World) -> None:
    await world.answer("discourse", reply("discourse", public=False, subject="Your battery"))
    assert world.book.texts("@mira") == ["It is on its way to you."]
    assert world.book.texts("311") == ["@mira we have answered you in a private message."]


@pytest.mark.parametrize(
    ("kind", "address"), [("discourse", "message:311:1:mira"), ("mastodon", "311|mira|direct")]
)
async def test_what_was_written_in_private_is_not_answered_in_public(
    world: World, kind: str, address: str
) -> None:
    with pytest.raises(ReplyRefusedError) as caught:
        await world.answer(kind, reply(kind, reply_address=address))
    assert caught.value.code == "not_public"
    await world.answer(kind, reply(kind, reply_address=address, public=False))
    assert len(world.book.messages) == 1


async def test_a_post_answers_the_post_of_the_customer(world: World) -> None:
    await world.answer("discourse", reply("discourse"))
    assert world.book.messages[0].payload == {
        "raw": "It is on its way to you.",
        "topic_id": 311,
        "reply_to_post_number": 4,
    }


async def test_a_chat_message_is_answered_in_its_channel_and_thread(world: World) -> None:
    asked = reply("discourse", thread_id="chat:3:12", reply_to_message_id="chat:91")
    [message_id] = await world.answer("discourse", asked)
    [kept] = world.book.messages
    assert (message_id, kept.thread) == (f"chat:{kept.message_id}", "chat:3")
    assert (kept.payload["thread_id"], kept.payload["in_reply_to_id"]) == ("12", "91")


async def test_a_forum_that_is_asked_too_often_says_when_to_come_again(world: World) -> None:
    with pytest.raises(TryLaterError) as caught:
        await world.answer("discourse", reply("discourse"), api_username=discourse.OVER_RATE)
    assert caught.value.after_us == 12_000_000


@pytest.mark.parametrize(
    ("kind", "changed", "settings", "code"),
    [
        ("discourse", {"reply_address": "post:404:1:mira"}, {}, "invalid_access"),
        ("discourse", {"text": "no"}, {}, "invalid_parameters"),
        ("discourse", {"reply_address": "", "thread_id": "x"}, {}, "no_address"),
        ("mastodon", {"reply_address": "404|mira|public"}, {}, "http_404"),
        ("mastodon", {}, {"access_token": mastodon.EXPIRED_TOKEN}, "http_401"),
        ("app_store", {"thread_id": "404"}, {}, "NOT_FOUND"),
        ("google_play", {"thread_id": "404"}, {}, "NOT_FOUND"),
    ],
)
async def test_a_refusal_carries_the_platforms_code(
    world: World, kind: str, changed: dict[str, Any], settings: dict[str, str], code: str
) -> None:
    with pytest.raises(ReplyRefusedError) as caught:
        await world.answer(kind, reply(kind, **changed), **settings)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["app_store", "google_play"])
async def test_a_busy_store_is_asked_again_later(world: World, kind: str) -> None:
    with pytest.raises(TryLaterError):
        await world.answer(kind, reply(kind, thread_id="503"))


async def test_a_token_that_is_no_longer_taken_is_fetched_anew(world: World) -> None:
    await world.answer("google_play", reply("google_play"), client_email=google_play.STALE_EMAIL)
    assert len(world.book.messages) == 1
