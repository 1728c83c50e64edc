"""What captures hold beside a webhook's update: answers of getUpdates, and objects alone."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.channels.platform_json import child
from services.gateway.domain.fields import Fields

_MOST_UPDATES = 1_000
# The field by which an object that somebody caused shows what it is.
_MARKS = {
    "new_chat_member": "chat_member",
    "option_ids": "poll_answer",
    "result_id": "chosen_inline_result",
    "shipping_address": "shipping_query",
    "total_amount": "pre_checkout_query",
    "offset": "inline_query",
    "chat_instance": "callback_query",
    "data": "callback_query",
    "game_short_name": "callback_query",
}


def updates(document: Fields) -> list[Fields]:
    """Return the updates of a body: itself, or those in a bot method's answer."""
    if "update_id" in document or "result" not in document:
        return [document]
    if isinstance(document.values()["result"], list):
        return document.entries("result", limit=_MOST_UPDATES)
    return [document.object("result")]


def enveloped(entry: Fields, known: Mapping[str, object]) -> Fields:
    """Return the update; one is put around a message or a pressed button that stands alone.

    ``known`` are the fields by which an update names its type.
    """
    names = entry.names()
    if "update_id" in names or any(name in known for name in names):
        return entry
    name = _type_of(entry)
    return Fields({name: entry.values()}, "") if name else entry


def _type_of(entry: Fields) -> str:
    if "message_id" in entry and "chat" in entry:
        if "old_reaction" in entry or "new_reaction" in entry:
            return "message_reaction"
        is_post = child(entry, "chat").values().get("type") == "channel"
        kind = "channel_post" if is_post else "message"
        return f"edited_{kind}" if "edit_date" in entry else kind
    if "message_ids" in entry and "chat" in entry:
        return "deleted_business_messages"
    kinds = (kind for mark, kind in _MARKS.items() if mark in entry)
    return next(kinds, "") if any(name in entry for name in ("from", "user")) else ""
