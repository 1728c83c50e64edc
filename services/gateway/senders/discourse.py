"""Discourse: a post in the topic, a personal message, or a message in a chat channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from services.gateway.channels.discourse import DiscourseSettings
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.public_answers import (
    public_from_private,
    refuse_empty,
    refuse_unset,
    with_choices,
    with_links,
)
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import cut, signed, split

# The forum's own defaults: max_post_length, chat_maximum_message_length, max_topic_title_length.
_POST_LIMIT = 32_000
_CHAT_LIMIT = 6_000
_TITLE_LIMIT = 255
_MOST_POSTS = 3
_CHAT = "chat:"


class DiscourseSender:
    kind = "discourse"
    # It refuses a second post that is the same, but only for some minutes and some users.
    idempotent = False

    def plan(self, reply: Reply, settings: DiscourseSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # a forum is open at any time
        refuse_unset(
            wanted=bool(settings.base_url and settings.api_key),
            names="base_url, api_key and api_username",
        )
        words = with_links(reply.text, reply.attachments, "[{name}]({url})")
        refuse_empty(words)
        text = signed(with_choices(words, reply), reply, settings.sign)
        if reply.thread_id.startswith(_CHAT):
            calls = _chat(reply, text)
        else:
            calls = _posts(reply, text, settings)
        return [
            Part(f"{reply.reply_id}:{index}", said, {"path": path, "body": body})
            for index, (said, path, body) in enumerate(calls)
        ]

    async def send(self, part: Part, settings: DiscourseSettings, platform: Platform) -> str:
        url = settings.base_url.rstrip("/") + str(part.payload["path"])
        headers = {"Api-Key": settings.api_key, "Api-Username": settings.api_username}
        answer = await platform.request("POST", url, headers=headers, json=part.payload["body"])
        raise_for(answer, code=_code(answer), reason=_reason(answer))
        told = json_object(answer)
        if isinstance(told.get("message_id"), int):
            return f"{_CHAT}{told['message_id']}"
        post = told.get("id")
        # Without an id it waits for a moderator's approval.
        return str(post) if isinstance(post, int) else ""


_Call = tuple[str, str, dict[str, object]]


class _Address(NamedTuple):
    where: str
    topic: str
    number: str
    username: str


def _posts(reply: Reply, text: str, settings: DiscourseSettings) -> list[_Call]:
    address = _address(reply)
    if address.where == "message" and reply.public:
        raise public_from_private()
    if address.where == "post" and not reply.public:
        return _moved(reply, text, address, settings)
    return [
        (part, "/posts.json", _post(part, address))
        for part in split(text, _POST_LIMIT, most=_MOST_POSTS)
    ]


def _moved(reply: Reply, text: str, address: _Address, settings: DiscourseSettings) -> list[_Call]:
    """Answer a public post in private, and say so where it was written."""
    if not address.username:
        raise ReplyRefusedError(
            "no_address", "who wrote the post is not known", "answer in the topic"
        )
    title = cut(reply.subject or text.partition("\n")[0], _TITLE_LIMIT)
    parts = split(text, _POST_LIMIT, most=1)
    private: dict[str, object] = {
        "title": title,
        "raw": parts[0],
        "archetype": "private_message",
        "target_recipients": address.username,
    }
    calls: list[_Call] = [(parts[0], "/posts.json", private)]
    note = settings.private_note.replace("{name}", address.username)
    if note:
        calls.append((note, "/posts.json", _post(note, address)))
    return calls


def _post(text: str, address: _Address) -> dict[str, object]:
    body: dict[str, object] = {"raw": text, "topic_id": int(address.topic)}
    if address.number:
        body["reply_to_post_number"] = int(address.number)
    return body


def _chat(reply: Reply, text: str) -> list[_Call]:
    channel, _, thread = reply.thread_id.removeprefix(_CHAT).partition(":")
    answered = reply.reply_to_message_id.removeprefix(_CHAT)
    calls: list[_Call] = []
    for part in split(text, _CHAT_LIMIT):
        body: dict[str, object] = {"message": part}
        if thread:
            body["thread_id"] = thread
        if answered and not calls:
            body["in_reply_to_id"] = answered
        calls.append((part, f"/chat/{quote(channel, safe='')}.json", body))
    return calls


def _address(reply: Reply) -> _Address:
    """Read "post:<topic>:<number>:<user name>"; without one the topic alone is known."""
    where, topic, number, username = (*reply.reply_address.split(":", 3), "", "", "", "")[:4]
    if where not in ("post", "message"):
        where, topic, number, username = "post" if reply.public else "message", "", "", ""
    topic = topic or reply.thread_id
    if not (topic.isascii() and topic.isdigit() and (not number or number.isdigit())):
        raise ReplyRefusedError(
            "no_address", f"the thread {reply.thread_id!r} is no topic", "answer on the forum"
        )
    return _Address(where, topic, number, username)


def _code(answer: PlatformAnswer) -> str:
    kind = json_object(answer).get("error_type")
    return kind if isinstance(kind, str) else ""


def _reason(answer: PlatformAnswer) -> str:
    errors = json_object(answer).get("errors")
    return "; ".join(map(str, errors)) if isinstance(errors, list) else ""
