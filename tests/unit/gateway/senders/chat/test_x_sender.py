from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.channels.x.settings import XSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.splitting import split
from services.gateway.senders.x.oauth import Keys, authorization
from services.gateway.senders.x.sender import XSender
from services.gateway.senders.x.weighing import weight

SENDER = XSender()
KEYS: dict[str, str] = {
    "consumer_key": "ck",
    "access_token": "at",
    "access_token_secret": "ats",
    "api_base": "http://sandbox/x",
}
SETTINGS = XSettings(("cs",), **KEYS)
BuildReply = Callable[..., Reply]


def plan(reply: Reply, **settings: Any) -> list[Part]:
    return list(SENDER.plan(reply, XSettings(("cs",), **{**KEYS, **settings}), 0))


def payloads(parts: list[Part]) -> list[Any]:
    return [part.payload for part in parts]


def refusal(reply: Reply, **settings: Any) -> str:
    with pytest.raises(ReplyRefusedError) as refused:
        plan(reply, **settings)
    assert refused.value.remedy
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", 5),
        ("你好", 4),
        ("ひらがな", 8),
        ("“—’", 3),
        ("see https://shop.example/a/very/long/address/indeed/it/is?x=1 now", 31),
        ("see shop.example now", 31),
        ("👩‍👩‍👧‍👦", 2),
        ("🇳🇴", 2),
        ("1️⃣", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("3.5 kg", 6),
    ],
)
def test_characters_count_as_x_counts_them(text: str, expected: int) -> None:
    assert weight(text) == expected


@given(st.text(max_size=800))
def test_no_part_weighs_more_than_a_post_may(text: str) -> None:
    assert all(weight(part) <= 280 for part in split(text, 280, measure=weight, most=100))


def test_a_request_is_signed_as_the_platform_shows_it() -> None:
    """The example of the platform's own documentation ("Creating a signature")."""
    keys = Keys(
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    header = authorization(
        "post",
        "https://api.twitter.com/1.1/statuses/update.json",
        keys,
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp_seconds=1_318_622_958,
        parameters={
            "status": "Hello Ladies + Gentlemen, a signed OAuth request!",
            "include_entities": "true",
        },
    )
    assert 'oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D"' in header
    assert header.startswith('OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce=')


def test_a_public_answer_stays_public(reply: BuildReply) -> None:
    [part] = plan(reply(thread_id="5", public=True))
    assert part.payload == {
        "path": "/2/tweets",
        "body": {"text": "On its way.", "reply": {"in_reply_to_tweet_id": "7"}},
    }
    [named] = payloads(plan(reply(thread_id="5", public=True, reply_to_message_id="6")))
    assert named["body"]["reply"] == {"in_reply_to_tweet_id": "6"}
    [root] = payloads(plan(reply(thread_id="5", public=True, last_customer_message_id="")))
    assert root["body"]["reply"] == {"in_reply_to_tweet_id": "5"}


def test_a_long_public_answer_is_numbered(reply: BuildReply) -> None:
    parts = plan(reply(thread_id="5", public=True, text="我们已经找到了您的行李。" * 20))
    assert [part.text[:4] for part in parts] == ["1/2 ", "2/2 "]
    assert all(weight(part.text) <= 280 for part in parts)


def test_moving_to_private_says_so_after_it_is_true(reply: BuildReply) -> None:
    message, notice = payloads(plan(reply(thread_id="5", reply_address="700")))
    assert message == {
        "path": "/2/dm_conversations/with/700/messages",
        "body": {"text": "On its way."},
    }
    assert notice["path"] == "/2/tweets"
    assert notice["body"]["text"] == "We have answered you in a direct message."
    assert len(plan(reply(thread_id="5", reply_address="700"), private_notice="")) == 1
    assert refusal(reply(thread_id="5")) == "no_address"


def test_a_direct_message_is_answered_by_one(reply: BuildReply) -> None:
    photo = Attachment("image", media_id="88")
    page = Attachment("file", url="https://cdn.example/t.pdf")
    choices = (("Yes", "y"), ("No", "n"))
    [part] = plan(reply(thread_id="900:700", attachments=(photo, page), quick_replies=choices))
    assert part.payload == {
        "path": "/2/dm_conversations/with/700/messages",
        "body": {
            "text": "On its way.\n- Yes\n- No\nhttps://cdn.example/t.pdf",
            "attachments": [{"media_id": "88"}],
        },
    }
    [group] = payloads(plan(reply(thread_id="900:abc-def")))
    assert group["path"] == "/2/dm_conversations/abc-def/messages"


def test_what_cannot_go_out_is_told(reply: BuildReply) -> None:
    assert refusal(reply(), access_token="") == "no_access_token"
    assert refusal(reply(text="")) == "empty"
    assert refusal(reply(thread_id="900:700", text="x" * 100_001)) == "too_long"
    lost = reply(thread_id="5", public=True, attachments=(Attachment("image"),))
    assert refusal(lost) == "attachment_unsendable"


@pytest.mark.parametrize(
    ("data", "sent"), [({"id": "11", "text": "x"}, "11"), ({"dm_event_id": "12"}, "12")]
)
async def test_a_part_is_sent_signed_and_its_id_returned(
    data: dict[str, str], sent: str, reply: BuildReply, platform: Callable[..., Any]
) -> None:
    world = platform(201, {"data": data})
    [part] = plan(reply(thread_id="5", public=True))
    assert await SENDER.send(part, SETTINGS, world) == sent
    [call] = world.calls
    assert call.url == "http://sandbox/x/2/tweets"
    assert call.headers["authorization"].startswith("OAuth ")
    await SENDER.send(part, XSettings(("cs",), bearer_token="b"), world)
    assert world.calls[1].headers["authorization"] == "Bearer b"


async def test_it_waits_until_the_limit_is_reset(
    reply: BuildReply, platform: Callable[..., Any], now_us: int
) -> None:
    [part] = plan(reply(thread_id="5", public=True))
    world = platform(429, {}, {"x-rate-limit-reset": str(now_us // 1_000_000 + 90)})
    with pytest.raises(TryLaterError) as later:
        await SENDER.send(part, SETTINGS, world)
    assert later.value.after_us == 90_000_000


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        ("You cannot send messages to this user.", "not_permitted"),
        ("You are not allowed to create a Tweet with duplicate content.", "duplicate"),
        ("Something else", "http_403"),
    ],
)
async def test_a_refusal_is_told(
    detail: str, code: str, reply: BuildReply, platform: Callable[..., Any]
) -> None:
    [part] = plan(reply(thread_id="5", public=True))
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, platform(403, {"detail": detail, "status": 403}))
    assert refused.value.code == code
    assert refused.value.remedy
