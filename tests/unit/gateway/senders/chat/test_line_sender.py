from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from services.gateway.channels.line import LineSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.line import LineSender

SENDER = LineSender()
SETTINGS = LineSettings(("s",), access_token="token", api_base="http://sandbox/line")
BuildReply = Callable[..., Reply]


def plan(reply: Reply, **settings: Any) -> list[Part]:
    given = {"access_token": "token", **settings}
    return list(SENDER.plan(reply, LineSettings(("s",), **given), 0))


def messages(part: Part) -> Any:
    return part.payload["messages"]


def refusal(reply: Reply, **settings: Any) -> str:
    with pytest.raises(ReplyRefusedError) as refused:
        plan(reply, **settings)
    assert refused.value.remedy
    return refused.value.code


def test_a_text_is_pushed_to_the_thread(reply: BuildReply) -> None:
    [part] = plan(reply(thread_id="U1"))
    assert part.payload == {"to": "U1", "messages": [{"type": "text", "text": "On its way."}]}


def test_five_messages_go_in_a_call(reply: BuildReply) -> None:
    photo = Attachment("image", url="https://cdn.example/a.jpg")
    first, second = plan(reply(attachments=(photo,) * 5))
    assert (len(messages(first)), len(messages(second))) == (5, 1)
    assert messages(second) == [
        {"type": "image", "originalContentUrl": photo.url, "previewImageUrl": photo.url}
    ]
    assert [first.key, second.key] == ["r1:0", "r1:1"]


def test_long_texts_are_split_as_line_counts(reply: BuildReply) -> None:
    [part] = plan(reply(text="😀" * 2_501))
    assert [len(one["text"]) for one in messages(part)] == [2_500, 1]
    assert refusal(reply(text="x" * 60_000)) == "too_long"


@pytest.mark.parametrize("kind", ["video", "audio", "file"])
def test_what_line_cannot_show_is_linked_to(kind: Any, reply: BuildReply) -> None:
    medium = Attachment(kind, url="https://cdn.example/a", name="a")
    assert plan(reply(attachments=(medium,)))[0].text == "On its way.\na: https://cdn.example/a"
    assert refusal(reply(attachments=(Attachment(kind, media_id="1"),))) == "attachment_unsendable"


def test_quick_replies_stand_below_the_last_message(reply: BuildReply) -> None:
    [part] = plan(reply(quick_replies=(("Yes, please send me my money", "refund=yes"),)))
    assert messages(part)[-1]["quickReply"] == {
        "items": [
            {
                "type": "action",
                "action": {
                    "type": "postback",
                    "label": "Yes, please send me…",
                    "data": "refund=yes",
                    "displayText": "Yes, please send me my money",
                },
            }
        ]
    }
    assert refusal(reply(quick_replies=(("a", "b"),) * 14)) == "too_many_quick_replies"
    assert refusal(reply(quick_replies=(("a", "b" * 301),))) == "quick_reply_too_long"


def test_what_cannot_go_out_is_told(reply: BuildReply) -> None:
    assert refusal(reply(), access_token="") == "no_access_token"
    assert refusal(reply(text="")) == "empty"


async def test_a_part_carries_the_same_key_whenever_it_is_sent(
    reply: BuildReply, platform: Callable[..., Any]
) -> None:
    world = platform(body={"sentMessages": [{"id": "461230966842064897", "quoteToken": "q"}]})
    [part] = plan(reply(thread_id="U1"))
    for _ in range(2):
        assert await SENDER.send(part, SETTINGS, world) == "461230966842064897"
    first, second = world.calls
    assert first.url == "http://sandbox/line/v2/bot/message/push"
    assert first.headers["authorization"] == "Bearer token"
    assert first.headers["x-line-retry-key"] == second.headers["x-line-retry-key"]
    assert uuid.UUID(first.headers["x-line-retry-key"])
    assert first.json == part.payload


async def test_what_was_taken_before_is_sent(
    reply: BuildReply, platform: Callable[..., Any]
) -> None:
    body = {"message": "The retry key is already accepted", "sentMessages": [{"id": "46"}]}
    world = platform(409, body, {"x-line-accepted-request-id": "a-1"})
    assert await SENDER.send(plan(reply())[0], SETTINGS, world) == "46"
    with pytest.raises(ReplyRefusedError):
        await SENDER.send(plan(reply())[0], SETTINGS, platform(409, {"message": "conflict"}))


async def test_limits_are_told_apart(reply: BuildReply, platform: Callable[..., Any]) -> None:
    [part] = plan(reply())
    full = platform(429, {"message": "You have reached your monthly limit."})
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, full)
    assert refused.value.code == "monthly_limit"
    busy = platform(429, {"message": "rate limit"}, {"retry-after": "3"})
    with pytest.raises(TryLaterError) as later:
        await SENDER.send(part, SETTINGS, busy)
    assert later.value.after_us == 3_000_000
