"""Slack's Web API: one message a call. It drops nothing that is sent twice."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.channels.slack.settings import SlackSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.attached import check_sayable, check_token, with_links
from services.gateway.senders.http_answers import json_object, raise_for, retry_after_us
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import cut, signed, split

_TEXT_LIMIT = 40_000
# Of a text that stands in a block, as it must where buttons or pictures follow.
_BLOCK_LIMIT = 3_000
_MOST_BUTTONS = 25
_BUTTON_LIMIT = 75
_VALUE_LIMIT = 2_000
_ALT_LIMIT = 2_000
_ALT_OF_NAMELESS = "image"

_LATER = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "message_limit_exceeded",
        "service_unavailable",
        "team_added_to_org",
    }
)
_NOBODY_KNOWS = frozenset({"fatal_error", "internal_error", "request_timeout"})
_CREDENTIALS = "renew the account's bot_token and check its scopes"
_REMEDIES = {
    "not_in_channel": "invite the app to the channel",
    "channel_not_found": "invite the app to the channel",
    "is_archived": "answer on another channel",
    "invalid_auth": _CREDENTIALS,
    "not_authed": _CREDENTIALS,
    "token_revoked": _CREDENTIALS,
    "token_expired": _CREDENTIALS,
    "account_inactive": _CREDENTIALS,
    "missing_scope": _CREDENTIALS,
    "restricted_action": "ask the workspace's administrator to let the app post there",
    "msg_too_long": "shorten it",
}

_Block = dict[str, object]


class SlackSender:
    kind = "slack"
    idempotent = False

    def plan(self, reply: Reply, settings: SlackSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # there is no time after which Slack takes no answer
        check_token(settings.bot_token, "bot_token")
        check_sayable(reply)
        images = [one for one in reply.attachments if _is_shown(one)]
        others = [one for one in reply.attachments if not _is_shown(one)]
        text = with_links(signed(reply.text.strip(), reply, settings.sign), others)
        blocks = _after_text(reply, images)
        texts = split(text, _BLOCK_LIMIT if blocks else _TEXT_LIMIT, measure=_escaped_length)
        address = _address(reply)
        parts = [_message(part, []) for part in texts[:-1]]
        parts.append(_message(texts[-1] if texts else "", blocks))
        plain = [*texts, ""][: len(parts)]
        return [
            Part(f"{reply.reply_id}:{index}", said, {**address, **message})
            for index, (said, message) in enumerate(zip(plain, parts, strict=True))
        ]

    async def send(self, part: Part, settings: SlackSettings, platform: Platform) -> str:
        """Send it; a message's id is its time, by which the thread's events name it too."""
        url = f"{settings.api_base.rstrip('/')}/api/chat.postMessage"
        headers = {"authorization": f"Bearer {settings.bot_token}"}
        answer = await platform.request("POST", url, headers=headers, json=dict(part.payload))
        _raise_for(answer)
        sent = json_object(answer).get("ts")
        return sent if isinstance(sent, str) else ""


def _address(reply: Reply) -> dict[str, object]:
    channel, _, root = reply.thread_id.partition(":")
    return {"channel": channel, "thread_ts": root} if root else {"channel": channel}


def _is_shown(attachment: Attachment) -> bool:
    return attachment.kind == "image" and attachment.url.startswith("https://")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped_length(text: str) -> int:
    return len(_escaped(text))


def _message(text: str, blocks: list[_Block]) -> dict[str, object]:
    """Return the message as written: no character of it is mark-up."""
    message: dict[str, object] = {"text": _escaped(text), "mrkdwn": False}
    if blocks:
        plain = {"type": "plain_text", "text": text, "emoji": False}
        message["blocks"] = [*([{"type": "section", "text": plain}] if text else []), *blocks]
    return message


def _after_text(reply: Reply, images: list[Attachment]) -> list[_Block]:
    blocks: list[_Block] = [
        {
            "type": "image",
            "image_url": one.url,
            "alt_text": cut(one.name, _ALT_LIMIT) or _ALT_OF_NAMELESS,
        }
        for one in images
    ]
    if reply.quick_replies:
        blocks.append({"type": "actions", "elements": _buttons(reply)})
    return blocks


def _buttons(reply: Reply) -> list[_Block]:
    if len(reply.quick_replies) > _MOST_BUTTONS:
        raise ReplyRefusedError(
            "too_many_quick_replies",
            f"Slack shows at most {_MOST_BUTTONS} buttons",
            "offer fewer quick replies",
        )
    if any(len(payload) > _VALUE_LIMIT for _, payload in reply.quick_replies):
        raise ReplyRefusedError(
            "quick_reply_too_long",
            f"what a button stands for has at most {_VALUE_LIMIT} characters",
            "shorten what the quick reply stands for",
        )
    return [
        {
            "type": "button",
            "action_id": f"quick_reply_{index}",
            "text": {"type": "plain_text", "text": cut(title, _BUTTON_LIMIT)},
            "value": payload or cut(title, _VALUE_LIMIT),
        }
        for index, (title, payload) in enumerate(reply.quick_replies)
    ]


def _raise_for(answer: PlatformAnswer) -> None:
    body = json_object(answer)
    raise_for(answer)
    if body.get("ok") is True:
        return
    error = body.get("error")
    code = error if isinstance(error, str) and error else "no_error_given"
    if code in _LATER:
        raise TryLaterError(f"Slack answered {code}", retry_after_us(answer.headers))
    if code in _NOBODY_KNOWS:
        raise UnknownOutcomeError(f"Slack answered {code}")
    raise ReplyRefusedError(code, f"Slack answered {code}", _REMEDIES.get(code, ""))
