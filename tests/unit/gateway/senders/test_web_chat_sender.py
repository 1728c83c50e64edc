"""Answers in the web chat."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest

from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.chat.answering import show_reply
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError, TryLaterError
from services.gateway.ports import UnavailableError
from services.gateway.senders.web_chat import WebChatSender

SENDER = WebChatSender()
ACCOUNT = Account("acme", "shop", "web_chat", WebChatSettings())


def plan(reply: Reply, **changed: Any) -> list[Any]:
    return list(SENDER.plan(reply, WebChatSettings(**changed), 0))


def test_a_long_answer_comes_in_parts_and_the_last_one_brings_the_rest() -> None:
    reply = Reply(
        "r-1",
        "shop:v-1",
        "word " * 1_000,
        attachments=(Attachment("image", content=b"png"), Attachment("file", url="https://x/y")),
        quick_replies=(("Yes", "y"),),
        reply_to_message_id="m-1",
        agent_name="Anna",
    )
    first, last = plan(reply)
    assert (first.key, last.key) == ("r-1:0", "r-1:1")
    assert len(first.text) <= 4_000
    assert (first.payload["message"]["files"], first.payload["message"]["reply_to"]) == ([], "m-1")
    image, file = last.payload["message"]["files"]
    assert image["blob_ref"] == f"blob:{sha256(b'png').hexdigest()}"
    assert (file["blob_ref"], file["url"]) == ("", "https://x/y")
    assert last.payload["message"]["quick_replies"] == [{"title": "Yes", "payload": "y"}]


def test_a_bots_answer_is_a_bots() -> None:
    [part] = plan(Reply("r-1", "shop:v-1", "Hi", by_bot=True))
    assert part.payload["message"]["author_kind"] == "bot"


def test_an_answer_is_signed_where_the_settings_ask_for_it() -> None:
    [part] = plan(Reply("r-1", "shop:v-1", "Hi", agent_name="Anna"), sign="name")
    assert part.text == "Hi\n- Anna"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply("r-1", "shop:v-1", ""), "empty"),
        (Reply("r-1", "shop:v-1", "x " * 30_000), "too_long"),
        (Reply("r-1", "shop:v-1", "", template=("t", "en", ())), "no_templates"),
        (Reply("r-1", "shop:v-1", "x", quick_replies=(("a", "b"),) * 11), "too_many_quick_replies"),
        (
            Reply("r-1", "shop:v-1", "x", attachments=(Attachment("file", url="javascript:1"),)),
            "attachment_unsendable",
        ),
    ],
)
def test_what_cannot_be_shown_is_refused(reply: Reply, code: str) -> None:
    with pytest.raises(ReplyRefusedError) as caught:
        plan(reply)
    assert caught.value.code == code


class Screen:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.shown: list[tuple[str, Mapping[str, object]]] = []

    async def show(self, thread_key: str, message: Mapping[str, object]) -> None:
        if self.error is not None:
            raise self.error
        self.shown.append((thread_key, message))


async def test_an_answer_is_shown_in_the_organisations_thread() -> None:
    screen = Screen()
    await show_reply(screen, ACCOUNT, "shop:v-1", {"text": "Hi"})
    assert screen.shown == [("acme/web_chat/shop:v-1", {"text": "Hi"})]


async def test_an_answer_to_another_accounts_visitor_is_refused() -> None:
    with pytest.raises(ReplyRefusedError, match="no thread"):
        await show_reply(Screen(), ACCOUNT, "other:v-1", {"text": "Hi"})


async def test_an_answer_waits_while_the_log_is_away() -> None:
    with pytest.raises(TryLaterError):
        await show_reply(Screen(UnavailableError("away")), ACCOUNT, "shop:v-1", {})
