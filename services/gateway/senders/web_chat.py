"""The organisation's own web chat: an answer is shown, wherever its thread is open."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from services.gateway.channels.web_chat import KIND, WebChatSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.attached import check_sayable, unsendable
from services.gateway.senders.sender import Platform
from services.gateway.senders.splitting import signed, split

_TEXT_LIMIT = 4_000
_MOST_QUICK_REPLIES = 10


class WebChatSender:
    kind = KIND
    # A message is known by its id, and shown once.
    idempotent = True

    def plan(self, reply: Reply, settings: WebChatSettings, now_us: int) -> Sequence[Part]:
        _ = now_us
        check_sayable(reply)
        if len(reply.quick_replies) > _MOST_QUICK_REPLIES:
            raise ReplyRefusedError(
                "too_many_quick_replies",
                f"the chat shows {_MOST_QUICK_REPLIES} quick replies, not "
                f"{len(reply.quick_replies)}",
                "offer fewer",
            )
        texts = split(signed(reply.text, reply, settings.sign), _TEXT_LIMIT) or [""]
        last = len(texts) - 1
        return [
            self._part(
                reply,
                number,
                text,
                files=reply.attachments if number == last else (),
                quick_replies=reply.quick_replies if number == last else (),
            )
            for number, text in enumerate(texts)
        ]

    def _part(
        self,
        reply: Reply,
        number: int,
        text: str,
        *,
        files: Sequence[Attachment],
        quick_replies: Sequence[tuple[str, str]],
    ) -> Part:
        key = f"{reply.reply_id}:{number}"
        message: dict[str, object] = {
            "message_id": key,
            "author_kind": "bot" if reply.by_bot else "agent",
            "author_name": reply.agent_name,
            "text": text,
            "reply_to": reply.reply_to_message_id if number == 0 else "",
            "files": [_file(one) for one in files],
            "quick_replies": [{"title": title, "payload": what} for title, what in quick_replies],
        }
        return Part(key, text, {"thread_id": reply.thread_id, "message": message})

    async def send(self, part: Part, settings: WebChatSettings, platform: Platform) -> str:
        _ = settings
        message = part.payload["message"]
        assert isinstance(message, dict)
        await platform.show_in_chat(str(part.payload["thread_id"]), message)
        return part.key


def _file(attachment: Attachment) -> dict[str, object]:
    if not (attachment.content or attachment.url.startswith(("https://", "http://"))):
        raise unsendable(attachment)
    content = attachment.content
    # The blob store names bytes by their digest: what was read from it is still there.
    blob_ref = f"blob:{sha256(content).hexdigest()}" if content else ""
    return {
        "kind": attachment.kind,
        "media_type": attachment.media_type,
        "name": attachment.name,
        "size_bytes": attachment.size_bytes or len(content),
        "blob_ref": blob_ref,
        "url": "" if blob_ref else attachment.url,
    }
