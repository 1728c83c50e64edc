"""Douyin: private answers for 24 hours, six at most, and public answers to comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from services.gateway.channels.douyin import DouyinSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import AccessToken, Platform, PlatformAnswer
from services.gateway.senders.splitting import signed, split

_SECOND_US = 1_000_000
_WINDOW_US = 24 * 3600 * _SECOND_US
_MOST_MESSAGES = 6
_MESSAGE_CHARACTERS = 1000
_COMMENT_CHARACTERS = 100
_EARLY_SECONDS = 300
_TOKEN_NAME = "douyin-client"  # noqa: S105  # what it is kept under
_SEND = "/im/send/msg/"
_COMMENT = "/item/comment/reply/"
_TOKEN = "/oauth/client_token/"  # noqa: S105  # a path

# From here on a status tells more than the code.
_THEIR_TROUBLE = 429
_TOKEN_CODES = frozenset({10008, 2190002, 2190008, 28001003, 28001008})
_LATER_CODES = frozenset({2100004, 2119003, 28001005, 28001006, 28001016, 28003017})


class DouyinSender:
    kind = "douyin"
    idempotent = False

    def plan(self, reply: Reply, settings: DouyinSettings, now_us: int) -> Sequence[Part]:
        if not settings.access_token and not (settings.client_key and settings.secrets):
            raise ReplyRefusedError(
                "no_credentials",
                "the account cannot answer",
                "set access_token, or client_key and the client secret, in the account's settings",
            )
        account, customer, conversation = _addressee(reply, settings)
        if reply.public:
            return _comments(reply, settings, account)
        if not (account and customer and conversation and reply.last_customer_message_id):
            raise ReplyRefusedError(
                "no_address",
                "Douyin's private answers need the customer's message and its conversation",
                "answer publicly, or wait until the customer writes a private message",
            )
        if now_us - reply.last_customer_at_us > _WINDOW_US:
            raise ReplyRefusedError(
                "window_closed",
                "Douyin takes private answers for 24 hours after the customer wrote last",
                "wait until the customer writes, or use another channel",
            )
        to = {
            "msg_id": reply.last_customer_message_id,
            "conversation_id": conversation,
            "to_user_id": customer,
            "scene": "im_reply_msg",
        }
        return [
            Part(
                f"{reply.reply_id}:{n}",
                text,
                {"path": _SEND, "account": account, "body": {**to, "content": content}},
            )
            for n, (text, content) in enumerate(_contents(reply, settings.sign))
        ]

    async def send(self, part: Part, settings: DouyinSettings, platform: Platform) -> str:
        query = urlencode({"open_id": str(part.payload["account"])})
        address = f"{settings.api_base}{part.payload['path']}?{query}"
        for is_last in (False, True):
            token = settings.access_token or await _client_token(settings, platform)
            headers = {"access-token": token}
            answer = await platform.request(
                "POST", address, headers=headers, json=part.payload["body"]
            )
            code, reason, told = _read(answer)
            if code in _TOKEN_CODES and not settings.access_token and not is_last:
                platform.forget_token(_TOKEN_NAME)
                continue
            _raise_for(answer, code, reason)
            if not told:
                raise UnknownOutcomeError("Douyin's answer is no JSON object")
            data = told.get("data")
            within = data if isinstance(data, dict) else {}
            return str(told.get("msg_id") or within.get("msg_id") or within.get("comment_id") or "")
        raise AssertionError("the second attempt returns or raises")


def _addressee(reply: Reply, settings: DouyinSettings) -> tuple[str, str, str]:
    """Return the account, the customer and the conversation, as the message named them."""
    account, customer, conversation = (*reply.reply_address.split(" "), "", "", "")[:3]
    return settings.open_id or account, customer, conversation


def _comments(reply: Reply, settings: DouyinSettings, account: str) -> list[Part]:
    comment_id = reply.reply_to_message_id or reply.last_customer_message_id
    text = signed(reply.text.strip(), reply, settings.sign)
    texts = split(text, _COMMENT_CHARACTERS, most=3)
    if not (account and texts):
        raise ReplyRefusedError(
            "empty", "the answer says nothing, or from no account", "write a text, and set open_id"
        )
    about = {"item_id": reply.thread_id, "comment_id": comment_id}
    return [
        Part(
            f"{reply.reply_id}:{n}",
            one,
            {"path": _COMMENT, "account": account, "body": {**about, "content": one}},
        )
        for n, one in enumerate(texts)
    ]


def _contents(reply: Reply, sign: str) -> list[tuple[str, dict[str, object]]]:
    lines = [reply.text.strip(), *(title for title, _ in reply.quick_replies)]
    text = signed("\n".join(filter(None, lines)), reply, sign)
    media = [("", _media(attachment)) for attachment in reply.attachments]
    texts = split(text, _MESSAGE_CHARACTERS, most=max(_MOST_MESSAGES - len(media), 1))
    said: list[tuple[str, dict[str, object]]] = [
        (one, {"msg_type": 1, "text": {"text": one}}) for one in texts
    ]
    contents = [*said, *media]
    if not contents:
        raise ReplyRefusedError("empty", "the reply says nothing", "write a text")
    if len(contents) > _MOST_MESSAGES:
        raise ReplyRefusedError(
            "too_many",
            f"{len(contents)} messages, but {_MOST_MESSAGES} are allowed",
            "send fewer files",
        )
    return contents


def _media(attachment: Attachment) -> dict[str, object]:
    if attachment.kind == "image" and attachment.media_id:
        return {"msg_type": 2, "image": {"media_id": attachment.media_id}}
    if attachment.kind == "video" and attachment.media_id:
        return {"msg_type": 3, "video": {"item_id": attachment.media_id}}
    raise ReplyRefusedError(
        "unsupported_attachment",
        f"Douyin takes no {attachment.kind} that it does not hold already, and no links",
        "describe it in words, or upload it to Douyin and give its media_id",
    )


async def _client_token(settings: DouyinSettings, platform: Platform) -> str:
    async def fetch() -> AccessToken:
        asked = {
            "grant_type": "client_credential",
            "client_key": settings.client_key,
            "client_secret": settings.secrets[0],
        }
        try:
            answer = await platform.request("POST", settings.api_base + _TOKEN, json=asked)
            code, reason, told = _read(answer)
            _raise_for(answer, code, reason)
        except UnknownOutcomeError as error:
            raise TryLaterError(f"no access token: {error}") from error
        data = told.get("data")
        within = data if isinstance(data, dict) else {}
        token, lifetime = within.get("access_token"), within.get("expires_in")
        if not isinstance(token, str) or not isinstance(lifetime, int):
            raise TryLaterError("Douyin's answer holds no access token")
        lifetime_us = max(lifetime - _EARLY_SECONDS, 0) * _SECOND_US
        return AccessToken(token, platform.now_us() + lifetime_us)

    return await platform.token(_TOKEN_NAME, fetch)


def _read(answer: PlatformAnswer) -> tuple[int, str, Mapping[str, object]]:
    """Return the error's code, 0 for none; Douyin puts it into ``data`` or ``extra``, or beside."""
    told = json_object(answer)
    for place in (told.get("data"), told.get("extra"), told):
        if not isinstance(place, dict):
            continue
        code = place.get("error_code") or place.get("err_no")
        if isinstance(code, int) and code:
            return code, str(place.get("description") or place.get("err_msg") or ""), told
    return 0, "", told


def _raise_for(answer: PlatformAnswer, code: int, reason: str) -> None:
    if code == 0 or answer.status >= _THEIR_TROUBLE:
        raise_for(answer)
        return
    told = f"Douyin answered {code}: {reason}"
    if code in _LATER_CODES:
        raise TryLaterError(told)
    remedy = "renew the account's authorisation" if code in _TOKEN_CODES else ""
    raise ReplyRefusedError(str(code), told, remedy)
