"""Messages and comments as Messenger and Instagram take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from services.simulator.platforms.meta_graph import (
    Call,
    GraphError,
    answering,
    member,
    members,
    throttle,
    words,
)
from services.simulator.platforms.platform import Book

_ID_LIMIT = 256
_ADDRESS_LIMIT = 2048
_TAGS = frozenset({"HUMAN_AGENT", "POST_PURCHASE_UPDATE", "ACCOUNT_UPDATE"})


@dataclass(frozen=True, slots=True)
class Rules:
    text: int
    comment: int
    # Where an answer to a comment is posted: "comments" or "replies".
    edge: str
    measure: Callable[[str], int] = len


def routes(rules: Rules, book: Book) -> list[web.RouteDef]:
    return [
        web.post("/{version}/{sender}/messages", answering(_send(rules, book))),
        web.post("/{version}/{sender}/mentions", answering(_below_mention(rules, book))),
        web.post(f"/{{version}}/{{object}}/{rules.edge}", answering(_comment(rules, book))),
    ]


def _send(rules: Rules, book: Book) -> Call:
    def send(path: Mapping[str, str], body: Mapping[str, object]) -> Mapping[str, object]:
        _ = path
        recipient = member(body, "recipient")
        [name] = recipient if len(recipient) == 1 else ("id",)
        to = words(recipient, name, _ID_LIMIT)
        throttle(to)
        if name == "id":
            _check_type(body)
        text = _text_of(member(body, "message"), rules)
        message_id = f"m_{book.keep(to, text, body)}"
        return {"recipient_id": to, "message_id": message_id}

    return send


def _comment(rules: Rules, book: Book) -> Call:
    def comment(path: Mapping[str, str], body: Mapping[str, object]) -> Mapping[str, object]:
        target = path["object"]
        throttle(target)
        text = words(body, "message", rules.comment)
        return {"id": f"{target}_{book.keep(target, text, body)}"}

    return comment


def _below_mention(rules: Rules, book: Book) -> Call:
    def comment(path: Mapping[str, str], body: Mapping[str, object]) -> Mapping[str, object]:
        _ = path
        target = words(body, "comment_id" if "comment_id" in body else "media_id", _ID_LIMIT)
        return {"id": f"{target}_{book.keep(target, words(body, 'message', rules.comment), body)}"}

    return comment


def _check_type(body: Mapping[str, object]) -> None:
    kind = body.get("messaging_type")
    if kind == "MESSAGE_TAG" and body.get("tag") not in _TAGS:
        raise GraphError(100, "Param tag must be one of the message tags")
    if kind not in {"RESPONSE", "UPDATE", "MESSAGE_TAG"}:
        raise GraphError(100, "Param messaging_type is required")


def _text_of(message: Mapping[str, object], rules: Rules) -> str:
    if "quick_replies" in message:
        for reply in members(message, "quick_replies", 13):
            words(reply, "title", 20)
            words(reply, "payload", 1000)
    if "attachment" in message:
        payload = member(member(message, "attachment"), "payload")
        words(payload, "url", _ADDRESS_LIMIT)
        return ""
    text = words(message, "text", rules.text)
    if rules.measure(text) > rules.text:
        raise GraphError(100, f"Length of param message[text] must be at most {rules.text}")
    return text
