"""A reply as WeChat's and WeCom's messages, which have nearly the same shapes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.splitting import cut, signed, split, utf8_length

WINDOW_US = 48 * 3600 * 1_000_000
# What the customer's last message allows within the window.
MOST_MESSAGES = 5
_TEXT_BYTES = 2048
_MENU_BYTES = 1024
_CHOICE_BYTES = 128
_MOST_CHOICES = 10
_TITLE_BYTES = 120

_TYPES = {"image": "image", "sticker": "image", "audio": "voice", "video": "video", "file": "file"}

Document = dict[str, object]
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Shapes:
    """What an API takes. ``menu`` and ``card`` are None where it has no such message."""

    media: frozenset[str]
    menu: Callable[[str, Choices], Document] | None = None
    card: Callable[[Attachment, str], Document] | None = None
    most: int = MOST_MESSAGES


def check_window(reply: Reply, now_us: int, remedy: str) -> None:
    if now_us - reply.last_customer_at_us > WINDOW_US:
        raise ReplyRefusedError(
            "window_closed",
            "messages are taken for 48 hours after the customer wrote last",
            remedy,
        )


def parts(reply: Reply, sign: str, shapes: Shapes, to: Document) -> list[Part]:
    """Return the reply's messages. Raise ``ReplyRefusedError`` for more than may be sent."""
    media = [_attached(one, shapes) for one in reply.attachments]
    lines = [reply.text.strip(), *(line for line, _ in media if line)]
    choices = list(reply.quick_replies)
    if shapes.menu is None:
        lines += [title for title, _ in choices]
        choices = []
    text = signed("\n".join(filter(None, lines)), reply, sign)
    documents: list[tuple[str, Document]] = [("", one) for _, one in media if one]
    limit = _MENU_BYTES if choices else _TEXT_BYTES
    most = max(shapes.most - len(documents), 1)
    texts = split(text, limit, measure=utf8_length, most=most)
    said: list[tuple[str, Document]] = [
        (one, {"msgtype": "text", "text": {"content": one}}) for one in texts
    ]
    if shapes.menu is not None and choices:
        last = said.pop()[0] if said else ""
        documents.append((last, shapes.menu(last, _fitting(choices))))
    found = [*said, *documents]
    if not found:
        raise ReplyRefusedError("empty", "the reply says nothing", "write a text or attach a file")
    if len(found) > shapes.most:
        raise ReplyRefusedError(
            "too_many",
            f"{len(found)} messages, but {shapes.most} are allowed until the customer writes",
            "send fewer files, or one link to them",
        )
    return [
        Part(f"{reply.reply_id}:{index}", text, {"to": to, "message": message})
        for index, (text, message) in enumerate(found)
    ]


def _fitting(choices: Choices) -> Choices:
    if len(choices) > _MOST_CHOICES:
        raise ReplyRefusedError(
            "too_many_choices",
            f"{len(choices)} quick replies, but a menu has {_MOST_CHOICES}",
            "offer fewer",
        )
    return [(cut(title, _CHOICE_BYTES, measure=utf8_length), value) for title, value in choices]


def _attached(attachment: Attachment, shapes: Shapes) -> tuple[str, Document]:
    """Return a line of text or a message: what the platform holds or is given, else a link."""
    kind = _TYPES.get(attachment.kind, "")
    if kind in shapes.media and attachment.media_id and not attachment.url:
        return "", {"msgtype": kind, kind: {"media_id": attachment.media_id}}
    if kind in shapes.media and attachment.content:
        upload = {
            "type": kind,
            "name": attachment.name or kind,
            "media_type": attachment.media_type or "application/octet-stream",
            "content": b64encode(attachment.content).decode(),
        }
        return "", {"msgtype": kind, kind: {}, "upload": upload}
    if not attachment.url:
        raise ReplyRefusedError(
            "unsupported_attachment",
            f"a {attachment.kind} without an address cannot be sent here",
            "send a link to it",
        )
    title = cut(attachment.name or attachment.url, _TITLE_BYTES, measure=utf8_length)
    if shapes.card is not None and kind in {"image", ""}:
        return "", shapes.card(attachment, title)
    return " ".join(filter(None, (attachment.name, attachment.url))), {}
