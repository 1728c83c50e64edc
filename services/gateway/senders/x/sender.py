"""X's API, version 2: public answers as posts, private ones as direct messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from services.gateway.channels.x.settings import XSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.attached import check_sayable, with_links
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import signed, split
from services.gateway.senders.x.oauth import Keys, authorization
from services.gateway.senders.x.weighing import POST_LIMIT, weight

_MESSAGE_LIMIT = 10_000
_MOST_PICTURES = 4
# Of "1/10 " before a post that is one of several.
_NUMBERING = 6
_TOO_MANY = 429
_SECOND_US = 1_000_000
_CLOSED = ("not permitted", "cannot send messages", "not allowed to create")

_Body = dict[str, object]


class XSender:
    """A post is public and stands under the customer's; a direct message is private.

    Parts cannot name the posts before them: each answers the customer's, and they are numbered.
    """

    kind = "x"
    idempotent = False

    def plan(self, reply: Reply, settings: XSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # there is no time after which X takes no answer
        _check_keys(settings)
        check_sayable(reply)
        account, _, customer = reply.thread_id.rpartition(":")
        text = _text(reply, settings)
        if account:
            return _numbered(reply, _direct(customer, text, reply.attachments))
        if reply.public:
            return _numbered(reply, _posts(_answered(reply), text, reply.attachments))
        return _numbered(reply, _moved(reply, text, settings))

    async def send(self, part: Part, settings: XSettings, platform: Platform) -> str:
        url = f"{settings.api_base.rstrip('/')}{part.payload['path']}"
        headers = {"authorization": _authorization(url, part.key, settings, platform.now_us())}
        answer = await platform.request("POST", url, headers=headers, json=part.payload["body"])
        _raise_for(answer, platform.now_us())
        data = json_object(answer).get("data")
        told = data if isinstance(data, dict) else {}
        sent = told.get("id") or told.get("dm_event_id")
        return sent if isinstance(sent, str) else ""


def _check_keys(settings: XSettings) -> None:
    four = (settings.consumer_key, settings.access_token, settings.access_token_secret)
    if not settings.bearer_token and not all(four):
        raise ReplyRefusedError(
            "no_access_token",
            "the account has no keys to send with",
            "set consumer_key, access_token and access_token_secret in the account's settings",
        )


def _authorization(url: str, key: str, settings: XSettings, now_us: int) -> str:
    if settings.bearer_token:
        return f"Bearer {settings.bearer_token}"
    keys = Keys(
        settings.consumer_key,
        settings.secrets[0],
        settings.access_token,
        settings.access_token_secret,
    )
    # A nonce must not come twice with the same time, not be a secret.
    nonce = sha256(f"{key}:{now_us}".encode()).hexdigest()[:32]
    return authorization("POST", url, keys, nonce=nonce, timestamp_seconds=now_us // _SECOND_US)


def _text(reply: Reply, settings: XSettings) -> str:
    """Return the text with its choices as lines: this API has no buttons."""
    lines = [reply.text.strip(), *(f"- {title}" for title, _ in reply.quick_replies)]
    return signed("\n".join(filter(None, lines)), reply, settings.sign)


def _answered(reply: Reply) -> str:
    return reply.reply_to_message_id or reply.last_customer_message_id or reply.thread_id


def _posts(
    answered: str, text: str, attachments: Sequence[Attachment]
) -> list[tuple[str, str, _Body]]:
    media = [one.media_id for one in attachments if one.media_id][:_MOST_PICTURES]
    whole = with_links(text, [one for one in attachments if one.media_id not in media])
    texts = split(whole, POST_LIMIT, measure=weight)
    if len(texts) > 1:
        texts = split(whole, POST_LIMIT - _NUMBERING, measure=weight)
        texts = [f"{index}/{len(texts)} {part}" for index, part in enumerate(texts, 1)]
    answer = {"reply": {"in_reply_to_tweet_id": answered}}
    posts: list[tuple[str, str, _Body]] = [
        (part, "/2/tweets", {**({"text": part} if part else {}), **answer})
        for part in texts or [""]
    ]
    if media:
        posts[0][2]["media"] = {"media_ids": media}
    return posts


def _direct(
    customer: str, text: str, attachments: Sequence[Attachment]
) -> list[tuple[str, str, _Body]]:
    """Return direct messages: one medium each, to one person, or to a group by its id."""
    media = [one.media_id for one in attachments if one.media_id]
    texts = split(
        with_links(text, [one for one in attachments if not one.media_id]), _MESSAGE_LIMIT
    )
    path = f"/2/dm_conversations/with/{customer}/messages"
    if not customer.isdigit():
        path = f"/2/dm_conversations/{customer}/messages"
    bodies: list[tuple[str, _Body]] = [(part, {"text": part}) for part in texts]
    for index, medium in enumerate(media):
        if index < len(bodies):
            bodies[index][1]["attachments"] = [{"media_id": medium}]
        else:
            bodies.append(("", {"attachments": [{"media_id": medium}]}))
    return [(said, path, body) for said, body in bodies]


def _moved(reply: Reply, text: str, settings: XSettings) -> list[tuple[str, str, _Body]]:
    """Answer a public post in private, and then say so below it: not before it is true."""
    if not reply.reply_address.isdigit():
        raise ReplyRefusedError(
            "no_address",
            "it is not known to whom the direct message would go",
            "answer publicly",
        )
    messages = _direct(reply.reply_address, text, reply.attachments)
    if settings.private_notice:
        messages += _posts(_answered(reply), settings.private_notice, ())
    return messages


def _numbered(reply: Reply, calls: Sequence[tuple[str, str, _Body]]) -> list[Part]:
    return [
        Part(f"{reply.reply_id}:{index}", text, {"path": path, "body": body})
        for index, (text, path, body) in enumerate(calls)
    ]


def _raise_for(answer: PlatformAnswer, now_us: int) -> None:
    body = json_object(answer)
    reason = _reason(body)
    if answer.status == _TOO_MANY and "retry-after" not in answer.headers:
        raise TryLaterError(f"X answered 429: {reason}", _until_reset(answer.headers, now_us))
    if "duplicate content" in reason:
        raise ReplyRefusedError("duplicate", reason, "it may have been posted already; look there")
    if any(words in reason for words in _CLOSED):
        raise ReplyRefusedError("not_permitted", reason, "answer publicly, or on another channel")
    raise_for(answer, reason=reason)


def _reason(body: Mapping[str, object]) -> str:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    inner = first.get("message") if isinstance(first, dict) else None
    words = (body.get("detail"), inner, body.get("title"))
    return next((word for word in words if isinstance(word, str) and word), "")


def _until_reset(headers: Mapping[str, str], now_us: int) -> int:
    reset = headers.get("x-rate-limit-reset", "")
    if not (reset.isascii() and reset.isdigit() and len(reset) <= len("9999999999")):
        return 0
    return max(0, int(reset) * _SECOND_US - now_us)
