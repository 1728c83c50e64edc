from __future__ import annotations

from typing import Any

import pytest

from services.gateway.channels.instagram import InstagramSettings
from services.gateway.channels.messenger import MessengerSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import ReplyRefusedError
from services.gateway.senders.instagram import InstagramSender
from services.gateway.senders.messenger import MessengerSender

MESSENGER, INSTAGRAM = MessengerSender(), InstagramSender()
ON_PAGE = MessengerSettings(("5ecret",), access_token="EAAtoken")
ON_INSTAGRAM = InstagramSettings(
    ("5ecret",), access_token="IGtoken", api_base="https://graph.instagram.com", account_id="178"
)
HOUR_US = 3600 * 1_000_000
NOW_US = 1_767_168_000_000_000
PHOTO = Attachment("image", url="https://cdn.example/a.jpg")


def on_page(**more: Any) -> MessengerSettings:
    return MessengerSettings(("5ecret",), access_token="EAAtoken", **more)


def test_a_text_answers_in_the_conversation(reply: Any, planned: Any) -> None:
    [part] = planned(MESSENGER, reply(reply_to_message_id="m_A1"), ON_PAGE)
    assert part.payload == {
        "path": "me/messages",
        "body": {
            "recipient": {"id": "700"},
            "messaging_type": "RESPONSE",
            "message": {"text": "On its way.", "metadata": "careline:r1:0"},
            "reply_to": {"mid": "m_A1"},
        },
    }


def test_instagram_counts_bytes(reply: Any, planned: Any) -> None:
    parts = planned(INSTAGRAM, reply(text="水壶漏水了。" * 100), ON_INSTAGRAM)
    assert len(parts) == 2
    assert all(len(part.text.encode()) <= 1000 for part in parts)
    assert all(part.payload["path"] == "178/messages" for part in parts)
    assert "metadata" not in parts[0].payload["body"]["message"]


def test_quick_replies_stand_below_the_last_message(reply: Any, planned: Any) -> None:
    with_choice = reply(attachments=(PHOTO,), quick_replies=(("Yes", "y"), ("No", "")))
    photo, text = planned(MESSENGER, with_choice, ON_PAGE)
    assert photo.payload["body"]["message"]["attachment"] == {
        "type": "image",
        "payload": {"url": "https://cdn.example/a.jpg"},
    }
    assert text.payload["body"]["message"]["quick_replies"] == [
        {"content_type": "text", "title": "Yes", "payload": "y"},
        {"content_type": "text", "title": "No", "payload": "No"},
    ]


def test_a_person_may_answer_for_a_week_where_meta_allows_it(reply: Any, planned: Any) -> None:
    late = reply(last_customer_at_us=NOW_US - 100 * HOUR_US)
    [part] = planned(MESSENGER, late, on_page(human_agent=True))
    assert part.payload["body"]["messaging_type"] == "MESSAGE_TAG"
    assert part.payload["body"]["tag"] == "HUMAN_AGENT"


@pytest.mark.parametrize(
    ("changed", "settings"),
    [
        ({"last_customer_at_us": NOW_US - 25 * HOUR_US}, on_page()),
        ({"last_customer_at_us": NOW_US - 169 * HOUR_US}, on_page(human_agent=True)),
        ({"last_customer_at_us": NOW_US - 25 * HOUR_US, "by_bot": True}, on_page(human_agent=True)),
        (
            {"last_customer_at_us": NOW_US - 25 * HOUR_US, "automatic": True},
            on_page(human_agent=True),
        ),
        ({"last_customer_at_us": 0}, on_page(human_agent=True)),
    ],
)
def test_after_the_window_nothing_goes_out(changed: Any, settings: Any, reply: Any) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        MESSENGER.plan(reply(**changed), settings, NOW_US)
    assert refused.value.code == "window_closed"
    assert "e-mail" in refused.value.remedy


@pytest.mark.parametrize(
    ("sender", "settings", "path"),
    [
        (MESSENGER, ON_PAGE, "900_1/comments"),
        (INSTAGRAM, ON_INSTAGRAM, "900_1/replies"),
    ],
)
def test_a_public_answer_stays_public(
    sender: Any, settings: Any, path: str, reply: Any, planned: Any
) -> None:
    public = reply(thread_id="900", reply_address="comment:900_1", public=True)
    [part] = planned(sender, public, settings)
    assert part.payload == {"path": path, "body": {"message": "On its way."}}


def test_a_public_answer_has_no_window(reply: Any, planned: Any) -> None:
    old = reply(thread_id="900", reply_address="post:300_901", public=True, last_customer_at_us=1)
    [part] = planned(MESSENGER, old, ON_PAGE)
    assert part.payload["path"] == "300_901/comments"


def test_an_answer_that_moves_to_private_says_so_in_public(reply: Any, planned: Any) -> None:
    moved = reply(thread_id="900", reply_address="comment:900_1")
    private, notice = planned(MESSENGER, moved, on_page(private_notice="We wrote to you."))
    assert private.payload["body"] == {
        "recipient": {"comment_id": "900_1"},
        "message": {"text": "On its way."},
    }
    assert notice.payload == {"path": "900_1/comments", "body": {"message": "We wrote to you."}}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"last_customer_at_us": NOW_US - 169 * HOUR_US}, "window_closed"),
        ({"attachments": (PHOTO,)}, "text_only"),
        ({"text": "word " * 1000}, "too_long"),
    ],
)
def test_a_comment_is_answered_in_private_once_with_words(
    changed: Any, code: str, reply: Any
) -> None:
    moved = {"thread_id": "900", "reply_address": "comment:900_1"} | changed
    with pytest.raises(ReplyRefusedError) as refused:
        MESSENGER.plan(reply(**moved), ON_PAGE, NOW_US)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"text": ""}, "empty"),
        ({"text": "", "template": ("t", "en", ())}, "no_templates"),
        ({"attachments": (Attachment("image", media_id="1"),)}, "attachment_unsendable"),
        ({"quick_replies": (("x", ""),) * 14}, "too_many_quick_replies"),
        ({"quick_replies": (("x", "y" * 1001),)}, "quick_reply_too_long"),
        ({"public": True, "attachments": (PHOTO,)}, "text_only"),
    ],
)
def test_what_cannot_go_out_is_refused_with_a_remedy(changed: Any, code: str, reply: Any) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        MESSENGER.plan(reply(**changed), ON_PAGE, NOW_US)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize("answered", ["message_id", "id"])
async def test_a_part_is_one_call(answered: str, graph: Any, reply: Any) -> None:
    platform = graph(body={answered: "m_NEW"})
    [part] = INSTAGRAM.plan(reply(), ON_INSTAGRAM, NOW_US)
    assert await INSTAGRAM.send(part, ON_INSTAGRAM, platform) == "m_NEW"
    [call] = platform.calls
    assert call.url == "https://graph.instagram.com/v24.0/178/messages"
    assert call.headers == {"authorization": "Bearer IGtoken"}


@pytest.mark.parametrize(
    ("mention", "where"),
    [
        ("mention:1802", {"media_id": "1802"}),
        ("mention:1802:1703", {"media_id": "1802", "comment_id": "1703"}),
    ],
)
def test_a_mention_is_answered_where_it_stands(
    mention: str, where: dict[str, str], reply: Any, planned: Any
) -> None:
    [part] = planned(INSTAGRAM, reply(reply_address=mention, public=True), ON_INSTAGRAM)
    assert part.payload == {"path": "178/mentions", "body": {**where, "message": "On its way."}}


def test_nobody_who_only_mentions_can_be_written_to(reply: Any) -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        INSTAGRAM.plan(reply(reply_address="mention:1802"), ON_INSTAGRAM, NOW_US)
    assert refused.value.code == "public_only"
