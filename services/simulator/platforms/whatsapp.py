"""WhatsApp's Cloud API, the sending side."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from services.simulator.platforms.meta_graph import (
    GraphError,
    answering,
    member,
    members,
    throttle,
    words,
)
from services.simulator.platforms.platform import Book, Sandbox

_ID_LIMIT = 256
_ROW_ID_LIMIT = 200
_TEXT_LIMIT = 4096
_SHORT_TEXT_LIMIT = 1024
_ADDRESS_LIMIT = 2048
_MEDIA = frozenset({"image", "video", "audio", "document", "sticker"})


class WhatsAppSandbox(Sandbox):
    kind = "whatsapp"

    def routes(self, book: Book) -> list[web.RouteDef]:
        def send(path: Mapping[str, str], body: Mapping[str, object]) -> Mapping[str, object]:
            if body.get("messaging_product") != "whatsapp":
                raise GraphError(100, "Param messaging_product must be whatsapp")
            name = "to" if "to" in body else "recipient"
            to = words(body, name, _ID_LIMIT)
            throttle(to)
            text = _text_of(body)
            thread = f"{path['number']}:{to}"
            message_id = f"wamid.{book.keep(thread, text, body)}"
            return {
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}],
                "messages": [{"id": message_id}],
            }

        return [web.post("/{version}/{number}/messages", answering(send))]


def _text_of(message: Mapping[str, object]) -> str:
    """Return what the customer reads; raise ``GraphError`` for what the platform refuses."""
    kind = message.get("type")
    if kind == "text":
        return words(member(message, "text"), "body", _TEXT_LIMIT)
    if kind == "template":
        template = member(message, "template")
        words(member(template, "language"), "code", _ID_LIMIT)
        return f"[{words(template, 'name', _ID_LIMIT)}]"
    if kind == "interactive":
        return _interactive(member(message, "interactive"))
    if isinstance(kind, str) and kind in _MEDIA:
        media = member(message, kind)
        words(media, "link" if "link" in media else "id", _ADDRESS_LIMIT)
        return words(media, "caption", _SHORT_TEXT_LIMIT) if "caption" in media else ""
    raise GraphError(100, "Param type must be one of the message types")


def _interactive(interactive: Mapping[str, object]) -> str:
    action = member(interactive, "action")
    if interactive.get("type") == "button":
        for button in members(action, "buttons", 3):
            reply = member(button, "reply")
            words(reply, "title", 20)
            words(reply, "id", _ID_LIMIT)
    elif interactive.get("type") == "list":
        words(action, "button", 20)
        for section in members(action, "sections", 10):
            for row in members(section, "rows", 10):
                words(row, "title", 24)
                words(row, "id", _ROW_ID_LIMIT)
    else:
        raise GraphError(100, "Param interactive.type must be button or list")
    return words(member(interactive, "body"), "text", _SHORT_TEXT_LIMIT)
