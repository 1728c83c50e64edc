from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.gateway.channels.telegram.settings import TelegramSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.telegram import TelegramSender

SENDER = TelegramSender()
SETTINGS = TelegramSettings(("s",), bot_token="1:abc", api_base="http://sandbox/telegram/")
PHOTO = Attachment("image", url="https://cdn.example/a.jpg")
BuildReply = Callable[..., Reply]


def plan(reply: Reply, now_us: int, **settings: Any) -> list[Part]:
    given = {"bot_token": "1:abc", **settings}
    return list(SENDER.plan(reply, TelegramSettings(("s",), **given), now_us))


def payloads(parts: list[Part]) -> list[Any]:
    return [part.payload for part in parts]


def refusal(reply: Reply, now_us: int, **settings: Any) -> str:
    with pytest.raises(ReplyRefusedError) as refused:
        plan(reply, now_us, **settings)
    assert refused.value.remedy
    return refused.value.code


def test_a_text_answers_what_it_names(reply: BuildReply, now_us: int) -> None:
    [part] = plan(reply(reply_to_message_id="7"), now_us)
    assert part.key == "r1:0"
    assert part.payload == {
        "method": "sendMessage",
        "message": {
            "chat_id": 42,
            "text": "On its way.",
            "reply_parameters": {"message_id": 7, "allow_sending_without_reply": True},
        },
    }


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"thread_id": "-100:9"}, {"chat_id": -100, "message_thread_id": 9}),
        ({"thread_id": "bc1:42"}, {"business_connection_id": "bc1", "chat_id": 42}),
        (
            {"thread_id": "bc1:42", "reply_address": "bc1"},
            {"business_connection_id": "bc1", "chat_id": 42},
        ),
    ],
)
def test_topics_and_businesses_are_addressed(
    fields: dict[str, str], address: dict[str, Any], reply: BuildReply, now_us: int
) -> None:
    [part] = plan(reply(**fields), now_us)
    assert part.payload["message"] == {**address, "text": "On its way."}


def test_a_businesss_window_closes_after_a_day(reply: BuildReply, now_us: int) -> None:
    late = now_us - 25 * 3_600_000_000
    assert refusal(reply(thread_id="bc1:42", last_customer_at_us=late), now_us) == "window_closed"
    assert plan(reply(last_customer_at_us=0), now_us)


def test_a_long_text_goes_out_in_parts(reply: BuildReply, now_us: int) -> None:
    text = "Good day to you. " * 400
    parts = plan(reply(text=text), now_us)
    assert [part.key for part in parts] == ["r1:0", "r1:1"]
    assert all(len(part.text) <= 4096 for part in parts)
    assert refusal(reply(text="x" * 50_000), now_us) == "too_long"


def test_emoji_count_as_the_platform_counts_them(reply: BuildReply, now_us: int) -> None:
    assert len(plan(reply(text="😀" * 2_049), now_us)) == 2


def test_a_short_text_is_the_first_pictures_caption(reply: BuildReply, now_us: int) -> None:
    voice = Attachment("audio", media_id="AwAC")
    first, second = payloads(plan(reply(attachments=(PHOTO, voice)), now_us))
    assert first == {
        "method": "sendPhoto",
        "message": {"chat_id": 42, "photo": PHOTO.url, "caption": "On its way."},
    }
    assert second == {"method": "sendAudio", "message": {"chat_id": 42, "audio": "AwAC"}}


def test_a_long_text_stands_before_the_picture(reply: BuildReply, now_us: int) -> None:
    text, picture = plan(reply(text="x" * 1_025, attachments=(PHOTO,)), now_us)
    assert (text.payload["method"], picture.payload["method"]) == ("sendMessage", "sendPhoto")


def test_what_cannot_be_shown_is_linked_to(reply: BuildReply, now_us: int) -> None:
    page = Attachment("link", url="https://shop.example/7", name="Order 7")
    [part] = plan(reply(attachments=(page,)), now_us)
    assert part.text == "On its way.\nOrder 7: https://shop.example/7"
    assert refusal(reply(attachments=(Attachment("link"),)), now_us) == "attachment_unsendable"
    assert refusal(reply(attachments=(Attachment("image"),)), now_us) == "attachment_unsendable"


def test_quick_replies_are_buttons_below_the_last_part(reply: BuildReply, now_us: int) -> None:
    [part] = plan(reply(quick_replies=(("Yes", "refund:yes"), ("No", ""))), now_us)
    message: Any = part.payload["message"]
    assert message["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Yes", "callback_data": "refund:yes"}],
            [{"text": "No", "callback_data": "No"}],
        ]
    }
    long = reply(quick_replies=(("Yes", "é" * 33),))
    assert refusal(long, now_us) == "quick_reply_too_long"


def test_the_agent_signs_where_the_organisation_asks_for_it(reply: BuildReply, now_us: int) -> None:
    [part] = plan(reply(agent_name="Anna Berg"), now_us, sign="initials")
    assert part.text == "On its way.\n- AB"


def test_what_cannot_go_out_is_told(reply: BuildReply, now_us: int) -> None:
    assert refusal(reply(), now_us, bot_token="") == "no_bot_token"
    assert refusal(reply(text=" "), now_us) == "empty"
    assert refusal(reply(text="", template=("t", "en", ())), now_us) == "no_templates"
    assert refusal(reply(thread_id="nobody"), now_us) == "no_address"


async def test_a_part_is_sent_and_its_id_returned(
    reply: BuildReply, now_us: int, platform: Callable[..., Any]
) -> None:
    world = platform(body={"ok": True, "result": {"message_id": 99}})
    [part] = plan(reply(), now_us)
    assert await SENDER.send(part, SETTINGS, world) == "99"
    [call] = world.calls
    assert call.url == "http://sandbox/telegram/bot1:abc/sendMessage"
    assert call.json == {"chat_id": 42, "text": "On its way."}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"description": "Forbidden: bot was blocked by the user"}, "blocked"),
        (
            400,
            {"description": "group chat was upgraded", "parameters": {"migrate_to_chat_id": -1}},
            "chat_moved",
        ),
        (400, {"description": "Bad Request: chat not found"}, "http_400"),
        (401, {"description": "Unauthorized"}, "http_401"),
    ],
)
async def test_a_refusal_is_told(
    status: int,
    body: dict[str, Any],
    code: str,
    reply: BuildReply,
    platform: Callable[..., Any],
) -> None:
    [part] = plan(reply(), 0)
    with pytest.raises(ReplyRefusedError) as refused:
        await SENDER.send(part, SETTINGS, platform(status, {"ok": False, **body}))
    assert refused.value.code == code


async def test_it_waits_as_long_as_it_is_told(
    reply: BuildReply, now_us: int, platform: Callable[..., Any]
) -> None:
    [part] = plan(reply(), now_us)
    world = platform(429, {"ok": False, "description": "x", "parameters": {"retry_after": 7}})
    with pytest.raises(TryLaterError) as later:
        await SENDER.send(part, SETTINGS, world)
    assert later.value.after_us == 7_000_000
    with pytest.raises(TryLaterError):
        await SENDER.send(part, SETTINGS, platform(502, b"<html>"))
