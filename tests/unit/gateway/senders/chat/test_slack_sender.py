from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.gateway.channels.slack.settings import SlackSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.slack import SlackSender

SENDER = SlackSender()
SETTINGS = SlackSettings(("s",), bot_token="xoxb-1", api_base="http://sandbox/slack")
PHOTO = Attachment("image", url="https://cdn.example/a.jpg", name="label")
BuildReply = Callable[..., Reply]


def plan(reply: Reply, **settings: Any) -> list[Part]:
    given = {"bot_token": "xoxb-1", **settings}
    return list(SENDER.plan(reply, SlackSettings(("s",), **given), 0))


def refusal(reply: Reply, **settings: Any) -> str:
    with pytest.raises(ReplyRefusedError) as refused:
        plan(reply, **settings)
    assert refused.value.remedy
    return refused.value.code


def test_a_text_goes_into_its_thread_as_it_is_written(reply: BuildReply) -> None:
    [part] = plan(reply(thread_id="C0:1772.1", text="a < b & *c*"))
    assert part.payload == {
        "channel": "C0",
        "thread_ts": "1772.1",
        "text": "a &lt; b &amp; *c*",
        "mrkdwn": False,
    }
    assert part.text == "a < b & *c*"
    assert "thread_ts" not in plan(reply(thread_id="D0"))[0].payload


def test_a_long_text_goes_out_in_parts_as_slack_counts(reply: BuildReply) -> None:
    assert len(plan(reply(text="x" * 40_001))) == 2
    assert len(plan(reply(text="&" * 8_001))) == 2
    assert len(plan(reply(text="x" * 3_001, attachments=(PHOTO,)))) == 2


def test_pictures_and_buttons_stand_below_the_text(reply: BuildReply) -> None:
    [part] = plan(reply(attachments=(PHOTO,), quick_replies=(("Yes", "y"), ("No", ""))))
    assert part.payload["blocks"] == [
        {"type": "section", "text": {"type": "plain_text", "text": "On its way.", "emoji": False}},
        {"type": "image", "image_url": PHOTO.url, "alt_text": "label"},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": f"quick_reply_{index}",
                    "text": {"type": "plain_text", "text": title},
                    "value": value,
                }
                for index, (title, value) in enumerate([("Yes", "y"), ("No", "No")])
            ],
        },
    ]
    assert refusal(reply(quick_replies=(("a", "b"),) * 26)) == "too_many_quick_replies"
    assert refusal(reply(quick_replies=(("a", "b" * 2_001),))) == "quick_reply_too_long"


def test_a_picture_alone_is_a_message(reply: BuildReply) -> None:
    [part] = plan(reply(text="", attachments=(PHOTO,)))
    assert part.payload["text"] == ""
    assert part.payload["blocks"] == [
        {"type": "image", "image_url": PHOTO.url, "alt_text": "label"}
    ]


def test_other_files_are_linked_to(reply: BuildReply) -> None:
    file = Attachment("file", url="https://cdn.example/t.pdf", name="ticket")
    assert plan(reply(attachments=(file,)))[0].text.endswith("ticket: https://cdn.example/t.pdf")


def test_what_cannot_go_out_is_told(reply: BuildReply) -> None:
    assert refusal(reply(), bot_token="") == "no_bot_token"
    assert refusal(reply(text="")) == "empty"


async def test_a_messages_id_is_its_time(reply: BuildReply, platform: Callable[..., Any]) -> None:
    world = platform(body={"ok": True, "channel": "C0", "ts": "1772530000.000100"})
    [part] = plan(reply(thread_id="C0:1772.1"))
    assert await SENDER.send(part, SETTINGS, world) == "1772530000.000100"
    [call] = world.calls
    assert call.url == "http://sandbox/slack/api/chat.postMessage"
    assert call.headers["authorization"] == "Bearer xoxb-1"


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (200, "channel_not_found", ReplyRefusedError),
        (200, "token_revoked", ReplyRefusedError),
        (200, "ratelimited", TryLaterError),
        (429, "ratelimited", TryLaterError),
        (503, "service_unavailable", TryLaterError),
        (200, "fatal_error", UnknownOutcomeError),
    ],
)
async def test_an_error_says_whether_to_try_again(
    status: int,
    error: str,
    expected: type[Exception],
    reply: BuildReply,
    platform: Callable[..., Any],
) -> None:
    world = platform(status, {"ok": False, "error": error}, {"retry-after": "30"})
    with pytest.raises(expected) as raised:
        await SENDER.send(plan(reply())[0], SETTINGS, world)
    if isinstance(raised.value, TryLaterError):
        assert raised.value.after_us == 30_000_000
    if isinstance(raised.value, ReplyRefusedError):
        assert raised.value.code == error
        assert raised.value.remedy
