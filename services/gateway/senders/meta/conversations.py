"""Replies on Messenger and Instagram: in the conversation, in public, and from public to private.

A conversation can be answered for 24 hours after the customer wrote, by a person for 7 days where
Meta allowed it to the app; a comment once in private, within 7 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.gateway.channels.meta.instagram_mentions import MENTION_ADDRESS
from services.gateway.channels.meta.messaging import OWN_METADATA
from services.gateway.channels.meta.page_feed import COMMENT_ADDRESS, POST_ADDRESS
from services.gateway.channels.meta.webhook import MetaSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.attached import check_sayable, link, unsendable
from services.gateway.senders.meta.graph import post, text_of
from services.gateway.senders.sender import Platform
from services.gateway.senders.splitting import cut, signed, split

_HOUR_US = 3600 * 1_000_000
_WINDOW_US = 24 * _HOUR_US
_HUMAN_WINDOW_US = 7 * 24 * _HOUR_US
_MOST_QUICK_REPLIES = 13
_TITLE_LIMIT = 20
_PAYLOAD_LIMIT = 1000

_TYPES: Mapping[str, str] = {
    "image": "image",
    "sticker": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
}


class Measure(Protocol):
    def __call__(self, text: str, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one of the platforms takes. ``replies`` is the edge below a comment."""

    platform: str
    text: int
    public_text: int
    replies: str
    measure: Measure = len
    with_metadata: bool = False


@dataclass(frozen=True, slots=True)
class Answering:
    """What the platform takes, and what an account's settings say."""

    limits: Limits
    sender: str
    sign: str
    human_agent: bool
    private_notice: str


def plan(reply: Reply, how: Answering, now_us: int) -> Sequence[Part]:
    limits = how.limits
    check_sayable(reply)
    text = signed(reply.text.strip(), reply, how.sign)
    target = _target(reply)
    if reply.reply_address.startswith(MENTION_ADDRESS):
        return _numbered(reply, _below_mention(reply, text, how))
    if target and reply.public:
        return _numbered(reply, _public(reply, text, target, limits))
    if target:
        return _numbered(reply, _to_private(reply, text, target, how, now_us))
    return _numbered(reply, _private(reply, text, how, now_us))


async def deliver(part: Part, settings: MetaSettings, platform: Platform) -> str:
    """Send one part; return the id of the message or comment."""
    path, body = part.payload["path"], part.payload["body"]
    assert isinstance(path, str)
    assert isinstance(body, dict)
    answer = await post(path, body, settings, platform)
    return text_of(answer, "message_id") or text_of(answer, "id")


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the API: where to, with what."""

    text: str
    path: str
    body: Mapping[str, object]


def _numbered(reply: Reply, calls: Sequence[_Call]) -> Sequence[Part]:
    if not calls:
        raise ReplyRefusedError("empty", "the reply says nothing", "write a text or attach a file")
    return [
        Part(f"{reply.reply_id}:{index}", call.text, {"path": call.path, "body": dict(call.body)})
        for index, call in enumerate(calls)
    ]


def _target(reply: Reply) -> str:
    """Return the comment or post that is answered, or "" in a conversation."""
    if reply.reply_address.startswith((COMMENT_ADDRESS, POST_ADDRESS)):
        return reply.reply_address
    if reply.public and reply.last_customer_message_id:
        return COMMENT_ADDRESS + reply.last_customer_message_id
    return ""


def _public(reply: Reply, text: str, target: str, limits: Limits) -> list[_Call]:
    parts = split(_text_alone(reply, text, limits), limits.public_text, most=3)
    return [_comment(target, part, limits) for part in parts]


def _comment(target: str, text: str, limits: Limits) -> _Call:
    edge = "comments" if target.startswith(POST_ADDRESS) else limits.replies
    return _Call(text, f"{target.partition(':')[2]}/{edge}", {"message": text})


def _below_mention(reply: Reply, text: str, how: Answering) -> list[_Call]:
    """Answer where the mention stands: nobody can be written to who only mentions."""
    if not reply.public:
        raise ReplyRefusedError(
            "public_only",
            f"{how.limits.platform} takes no private answer to a mention",
            "answer in public, or ask them to write to you",
        )
    media_id, _, comment_id = reply.reply_address.removeprefix(MENTION_ADDRESS).partition(":")
    where = {"media_id": media_id} | ({"comment_id": comment_id} if comment_id else {})
    return [
        _Call(part, f"{how.sender}/mentions", {**where, "message": part})
        for part in split(_text_alone(reply, text, how.limits), how.limits.public_text, most=1)
    ]


def _text_alone(reply: Reply, text: str, limits: Limits) -> str:
    if reply.attachments or reply.quick_replies:
        raise ReplyRefusedError(
            "text_only",
            f"a public answer on {limits.platform} is text alone",
            "answer with text, or in private",
        )
    return text


def _to_private(reply: Reply, text: str, target: str, how: Answering, now_us: int) -> list[_Call]:
    limits = how.limits
    if now_us - reply.last_customer_at_us > _HUMAN_WINDOW_US:
        raise _window_closed(limits, "a comment can be answered in private for 7 days", "in public")
    if reply.attachments or reply.quick_replies:
        raise ReplyRefusedError(
            "text_only",
            f"{limits.platform} takes one text as a private answer to a comment",
            "send the rest once the customer has answered",
        )
    field = "post_id" if target.startswith(POST_ADDRESS) else "comment_id"
    recipient = {field: target.partition(":")[2]}
    calls = [
        _Call(part, f"{how.sender}/messages", {"recipient": recipient, "message": {"text": part}})
        for part in split(text, limits.text, measure=limits.measure, most=1)
    ]
    if calls and how.private_notice:
        calls.append(_comment(target, how.private_notice, limits))
    return calls


def _private(reply: Reply, text: str, how: Answering, now_us: int) -> list[_Call]:
    limits = how.limits
    customer = reply.thread_id.rpartition(":")[2]
    envelope = {"recipient": {"id": customer}, **_permission(reply, how, now_us)}
    messages = _messages(reply, text, limits)
    calls = []
    for index, (shown, message) in enumerate(messages):
        body = {**envelope, "message": message}
        if index == 0 and reply.reply_to_message_id:
            body["reply_to"] = {"mid": reply.reply_to_message_id}
        if index == len(messages) - 1 and reply.quick_replies:
            message["quick_replies"] = _quick_replies(reply, limits)
        if limits.with_metadata:
            message["metadata"] = f"{OWN_METADATA}{reply.reply_id}:{index}"
        calls.append(_Call(shown, f"{how.sender}/messages", body))
    return calls


def _permission(reply: Reply, how: Answering, now_us: int) -> Mapping[str, object]:
    silent_us = now_us - reply.last_customer_at_us
    if silent_us <= _WINDOW_US:
        return {"messaging_type": "RESPONSE"}
    by_person = not reply.by_bot and not reply.automatic
    if how.human_agent and by_person and silent_us <= _HUMAN_WINDOW_US:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    rule = "can be answered for 24 hours after the customer wrote last"
    if how.human_agent:
        rule += ", by a person for 7 days"
    raise _window_closed(how.limits, rule, "by e-mail or phone")


def _window_closed(limits: Limits, rule: str, otherwise: str) -> ReplyRefusedError:
    remedy = f"answer {otherwise}, or wait until the customer writes again"
    return ReplyRefusedError("window_closed", f"{limits.platform}: {rule}", remedy)


def _messages(reply: Reply, text: str, limits: Limits) -> list[tuple[str, dict[str, object]]]:
    attachments = [_attachment(one) for one in reply.attachments]
    texts: list[tuple[str, dict[str, object]]] = [
        (part, {"text": part}) for part in split(text, limits.text, measure=limits.measure)
    ]
    # Quick replies stand below the last message: there the words are the better neighbours.
    return [*attachments, *texts] if reply.quick_replies else [*texts, *attachments]


def _attachment(attachment: Attachment) -> tuple[str, dict[str, object]]:
    kind = _TYPES.get(attachment.kind)
    if kind is None:
        return link(attachment), {"text": link(attachment)}
    if not attachment.url:
        raise unsendable(attachment)
    return "", {"attachment": {"type": kind, "payload": {"url": attachment.url}}}


def _quick_replies(reply: Reply, limits: Limits) -> list[dict[str, object]]:
    if len(reply.quick_replies) > _MOST_QUICK_REPLIES:
        raise ReplyRefusedError(
            "too_many_quick_replies",
            f"{limits.platform} shows at most {_MOST_QUICK_REPLIES} quick replies",
            "offer fewer",
        )
    if any(len(value) > _PAYLOAD_LIMIT for _, value in reply.quick_replies):
        raise ReplyRefusedError(
            "quick_reply_too_long",
            f"what a quick reply stands for has more than {_PAYLOAD_LIMIT} characters",
            "shorten it",
        )
    return [
        {"content_type": "text", "title": cut(title, _TITLE_LIMIT), "payload": value or title}
        for title, value in reply.quick_replies
    ]
