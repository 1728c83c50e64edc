"""What captures hold beside a webhook's envelope: answers of the API, and objects alone."""

from __future__ import annotations

from collections.abc import Iterator

from services.gateway.domain.fields import Fields

# Where an answer of version 1.1 and the streams keep what webhooks send under another name.
_LISTS = {"statuses": "tweet_create_events", "events": "direct_message_events"}
_SINGLES = {
    "event": "direct_message_events",
    "direct_message": "direct_message_events",
    "delete": "tweet_delete_events",
}


def enveloped(payload: Fields) -> Fields:
    """Return the payload in the envelope of its version; itself where it has one."""
    names = payload.names()
    if "data" in names or "for_user_id" in names or any(one.endswith("_events") for one in names):
        return payload
    values = payload.values()
    if _is_version_2(payload):
        return Fields({"data": values, "includes": values.get("includes")}, "")
    entries = next(_version_1(payload), {})
    return Fields({**values, **entries}, "") if entries else payload


def _version_1(payload: Fields) -> Iterator[dict[str, object]]:
    values = payload.values()
    for name, known in _LISTS.items():
        if isinstance(values.get(name), list):
            yield {known: values[name]}
    for name, known in _SINGLES.items():
        if isinstance(values.get(name), dict):
            yield {known: [values[name]]}
    if "message_create" in payload or ("sender" in payload and "recipient" in payload):
        yield {"direct_message_events": [values]}
    if "user" in payload and ("text" in payload or "full_text" in payload):
        yield {"tweet_create_events": [values]}


def _is_version_2(payload: Fields) -> bool:
    if "event_type" in payload and "payload" in payload:
        return True
    is_post = "author_id" in payload or "edit_history_tweet_ids" in payload
    is_message = "dm_conversation_id" in payload and "sender_id" in payload
    return "id" in payload and (is_post or is_message)
