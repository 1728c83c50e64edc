"""Weibo's fans service: private messages, and comments below a post that names the account.

After a private message the account may answer for 48 hours, after a mention once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from services.gateway.channels.weibo import WeiboSettings
from services.gateway.domain.outbound import (
    Part,
    Reply,
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import signed, split

_WINDOW_US = 48 * 3600 * 1_000_000
_MESSAGE_CHARACTERS = 300
_COMMENT_CHARACTERS = 140
_MOST_PARTS = 10
_MESSAGES = "/2/messages/reply.json"
_COMMENTS = "/2/comments/create.json"

# Weibo says with 403 that calls come too fast: of the account, the address, the application.
_LATER = frozenset({10001, 10010, 10022, 10023, 10024, 20016, 20111})
# From here on a status tells more than the code.
_THEIR_TROUBLE = 429
_TOKEN = frozenset({21314, 21315, 21316, 21317, 21319, 21327, 21332})


class WeiboSender:
    kind = "weibo"
    idempotent = False

    def plan(self, reply: Reply, settings: WeiboSettings, now_us: int) -> Sequence[Part]:
        if not settings.access_token:
            raise ReplyRefusedError(
                "no_access_token",
                "the account has no access_token to send with",
                "set access_token in the account's settings",
            )
        if not reply.public:
            _check_window(reply, now_us)
        limit = _COMMENT_CHARACTERS if reply.public else _MESSAGE_CHARACTERS
        text = signed(_with_links(reply), reply, settings.sign)
        texts = split(text, limit, most=1 if _answers_a_mention(reply) else _MOST_PARTS)
        if not texts:
            raise ReplyRefusedError("empty", "the reply says nothing", "write a text")
        # A private answer to a mention goes to whom the post is of.
        to = reply.thread_id if reply.public else reply.reply_address or reply.thread_id
        return [
            Part(f"{reply.reply_id}:{n}", one, {"to": to, "public": reply.public})
            for n, one in enumerate(texts)
        ]

    async def send(self, part: Part, settings: WeiboSettings, platform: Platform) -> str:
        to, form = str(part.payload["to"]), {"access_token": settings.access_token}
        if part.payload["public"]:
            address = settings.api_base + _COMMENTS
            form |= {"id": to, "comment": part.text}
        else:
            address = settings.messages_base + _MESSAGES
            data = json.dumps({"text": part.text}, ensure_ascii=False)
            form |= {"receiver_id": to, "type": "text", "data": data, "save_sender_box": "1"}
        answer = await platform.request("POST", address, form=form)
        told = json_object(answer)
        _raise_for(answer, told)
        if not told:
            raise UnknownOutcomeError("Weibo's answer is no JSON object")
        return str(told.get("idstr") or told.get("id") or "")


def _answers_a_mention(reply: Reply) -> bool:
    """Tell whether it is a private answer to a public post: Weibo takes one of these."""
    return bool(reply.reply_address) and not reply.public


def _check_window(reply: Reply, now_us: int) -> None:
    if now_us - reply.last_customer_at_us > _WINDOW_US:
        raise ReplyRefusedError(
            "window_closed",
            "Weibo takes private messages for 48 hours after the customer wrote last",
            "comment below a post of theirs, or wait until the customer writes",
        )


def _with_links(reply: Reply) -> str:
    """Weibo's messages hold words only: what has an address is named by it."""
    lines = [reply.text.strip()]
    for attachment in reply.attachments:
        if not attachment.url:
            raise ReplyRefusedError(
                "unsupported_attachment",
                f"Weibo takes no {attachment.kind} from an application",
                "send a link to it",
            )
        lines.append(" ".join(filter(None, (attachment.name, attachment.url))))
    lines += [title for title, _ in reply.quick_replies]
    return "\n".join(filter(None, lines))


def _raise_for(answer: PlatformAnswer, told: Mapping[str, object]) -> None:
    code, reason = told.get("error_code"), str(told.get("error", ""))
    if code is None or answer.status >= _THEIR_TROUBLE:
        raise_for(answer)
        return
    if code in _LATER:
        raise TryLaterError(f"Weibo answered {code}: {reason}")
    remedy = "renew the account's access_token" if code in _TOKEN else ""
    raise ReplyRefusedError(str(code), reason, remedy)
