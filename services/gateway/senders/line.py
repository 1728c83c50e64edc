"""LINE's Messaging API: up to five messages a call, told apart by a retry key for a day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services.gateway.channels.line import LineSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.attached import check_sayable, check_token, with_links
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import cut, signed, split, utf16_length

_TEXT_LIMIT = 5000
_MOST_IN_A_CALL = 5
_MOST_QUICK_REPLIES = 13
_TITLE_LIMIT = 20
_DATA_LIMIT = 300
_ALREADY_TAKEN = 409
_TOO_MANY = 429
# Any name space of one's own: the keys must be UUIDs, the same for the same part.
_RETRY_KEYS = uuid.UUID("6f0f7bb4-3c3c-4b0a-9d6e-0c8f5a2d7e11")

_Message = dict[str, object]


class LineSender:
    """Pushes: the tokens for free answers live a minute, which no agent keeps."""

    kind = "line"
    idempotent = True

    def plan(self, reply: Reply, settings: LineSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # a friend can be written to at any time
        check_token(settings.access_token, "access_token")
        check_sayable(reply)
        messages = _messages(reply, settings)
        if reply.quick_replies:
            messages[-1][1]["quickReply"] = {"items": _items(reply)}
        calls = [
            messages[start : start + _MOST_IN_A_CALL]
            for start in range(0, len(messages), _MOST_IN_A_CALL)
        ]
        return [
            Part(
                f"{reply.reply_id}:{index}",
                "\n\n".join(filter(None, (text for text, _ in call))),
                {"to": reply.thread_id, "messages": [message for _, message in call]},
            )
            for index, call in enumerate(calls)
        ]

    async def send(self, part: Part, settings: LineSettings, platform: Platform) -> str:
        """Send it, or learn that it was taken before: LINE then repeats what it answered."""
        headers = {
            "authorization": f"Bearer {settings.access_token}",
            "x-line-retry-key": str(uuid.uuid5(_RETRY_KEYS, part.key)),
        }
        url = f"{settings.api_base.rstrip('/')}/v2/bot/message/push"
        answer = await platform.request("POST", url, headers=headers, json=dict(part.payload))
        taken = answer.status == _ALREADY_TAKEN and "x-line-accepted-request-id" in answer.headers
        if not taken:
            _raise_for(answer)
        return _first_id(answer)


def _messages(reply: Reply, settings: LineSettings) -> list[tuple[str, _Message]]:
    shown = [one for one in reply.attachments if _is_shown(one)]
    linked = [one for one in reply.attachments if not _is_shown(one)]
    text = with_links(signed(reply.text.strip(), reply, settings.sign), linked)
    texts: list[tuple[str, _Message]] = [
        (part, {"type": "text", "text": part})
        for part in split(text, _TEXT_LIMIT, measure=utf16_length)
    ]
    images: list[tuple[str, _Message]] = [
        ("", {"type": "image", "originalContentUrl": one.url, "previewImageUrl": one.url})
        for one in shown
    ]
    return [*texts, *images]


def _is_shown(attachment: Attachment) -> bool:
    """Tell whether it is an image: videos need a preview, sounds a length, files cannot be sent."""
    return attachment.kind == "image" and attachment.url.startswith("https://")


def _items(reply: Reply) -> list[_Message]:
    if len(reply.quick_replies) > _MOST_QUICK_REPLIES:
        raise ReplyRefusedError(
            "too_many_quick_replies",
            f"LINE shows at most {_MOST_QUICK_REPLIES} quick replies",
            "offer fewer quick replies",
        )
    return [_item(title, payload or title) for title, payload in reply.quick_replies]


def _item(title: str, payload: str) -> _Message:
    if utf16_length(payload) > _DATA_LIMIT:
        raise ReplyRefusedError(
            "quick_reply_too_long",
            f"what {title!r} stands for has more than {_DATA_LIMIT} characters",
            "shorten what the quick reply stands for",
        )
    label = cut(title, _TITLE_LIMIT, measure=utf16_length)
    shown = cut(title, _DATA_LIMIT, measure=utf16_length)
    action = {"type": "postback", "label": label, "data": payload, "displayText": shown}
    return {"type": "action", "action": action}


def _first_id(answer: PlatformAnswer) -> str:
    sent = json_object(answer).get("sentMessages")
    first = sent[0] if isinstance(sent, list) and sent else None
    return str(first.get("id", "")) if isinstance(first, dict) else ""


def _raise_for(answer: PlatformAnswer) -> None:
    body = json_object(answer)
    said = body.get("message")
    reason = said if isinstance(said, str) else ""
    if answer.status == _TOO_MANY and "monthly limit" in reason:
        raise ReplyRefusedError(
            "monthly_limit", reason, "raise the account's plan, or answer on another channel"
        )
    raise_for(answer, reason=reason)
